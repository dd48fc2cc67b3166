"""Keras to .tflite, the check for float operators, and the C files that go with a model."""

from tinyml_compress.converter.c_array import model_data_files
from tinyml_compress.converter.convert import to_tflite
from tinyml_compress.converter.flatfile import FileOperator, FileTensor, FlatFile, read
from tinyml_compress.converter.floats import FloatUse, check_integer, float_operators, left_by_chance
from tinyml_compress.converter.npu import interpreter_bytes, npu_files
from tinyml_compress.converter.npu_program import CorePart, NpuProgram, NpuStream, Place, program_files
from tinyml_compress.converter.resolver import TflmArena, measured_arena, resolver_header, resolver_methods
from tinyml_compress.converter.settings import ConvertSettings, Io, Mode
from tinyml_compress.converter.vectors import vectors_header

__all__ = [
    "ConvertSettings",
    "CorePart",
    "FileOperator",
    "FileTensor",
    "FlatFile",
    "FloatUse",
    "Io",
    "Mode",
    "NpuProgram",
    "NpuStream",
    "Place",
    "TflmArena",
    "check_integer",
    "float_operators",
    "interpreter_bytes",
    "left_by_chance",
    "measured_arena",
    "model_data_files",
    "npu_files",
    "program_files",
    "read",
    "resolver_header",
    "resolver_methods",
    "to_tflite",
    "vectors_header",
]

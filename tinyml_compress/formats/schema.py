"""Schema version 3 of the .tflite file: numbers of types, operators and option tables, by name."""

from __future__ import annotations

import importlib
from types import ModuleType

import tflite

from tinyml_compress.ir import DType

VERSION = 3
IDENTIFIER = b"TFL3"


def _numbers(enum: type) -> dict[str, int]:
    return {
        name: value
        for name, value in vars(enum).items()
        if isinstance(value, int) and not name.startswith("_")
    }


_TYPES = _numbers(tflite.TensorType)
TYPE_NAMES = {number: name for name, number in _TYPES.items()}
TYPE_OF: dict[DType, int] = {dtype: _TYPES[dtype.name] for dtype in DType}
DTYPE_OF = {number: dtype for dtype, number in TYPE_OF.items()}

OPERATOR_NUMBERS = _numbers(tflite.BuiltinOperator)
OPERATOR_NAMES = {number: name for name, number in OPERATOR_NUMBERS.items()}

_OPTIONS = _numbers(tflite.BuiltinOptions)
_OPTIONS_NAMES = {number: name for name, number in _OPTIONS.items()}


def options_number(table: str) -> int:
    """The number of an options table in the file's union."""
    return _OPTIONS[table]


def options_type_name(number: int) -> str:
    """Name of the options table with that number, for messages."""
    return _OPTIONS_NAMES.get(number, f"options table number {number}")


def options_module(table: str) -> ModuleType:
    """The module of generated accessors and builder functions of one table."""
    return importlib.import_module(f"tflite.{table}")


def accessor(field: str) -> str:
    """The generated accessor's name of a schema field: stride_w -> StrideW (StrideW stays as it is)."""
    return "".join(part[:1].upper() + part[1:] for part in field.split("_"))

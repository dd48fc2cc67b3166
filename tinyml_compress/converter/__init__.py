"""Keras to .tflite, the check for float operators, and the C files that go with a model."""

from tinyml_compress.converter.convert import to_tflite
from tinyml_compress.converter.settings import Io, Mode, Settings

__all__ = ["Io", "Mode", "Settings", "to_tflite"]

"""The .tflite file: `read` makes a graph of it, `write` makes it of a graph. No TensorFlow."""

from tinyml_compress.frontend.reader import read
from tinyml_compress.frontend.writer import write

__all__ = ["read", "write"]

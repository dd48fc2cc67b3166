"""Compress Keras models for microcontrollers, compile them to exact C, benchmark them on emulated devices."""

from tinyml_compress._version import __version__

__all__ = ["__version__"]

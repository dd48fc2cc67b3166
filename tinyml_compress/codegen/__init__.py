"""Generates the C: `generate(planned)` gives a Program."""

from tinyml_compress.codegen.emit import generate

__all__ = ["generate"]

"""Generates the C: `generate(planned)` gives a Program."""

from tinyml_compress.codegen.emit import generate
from tinyml_compress.codegen.state import lay_out

__all__ = ["generate", "lay_out"]

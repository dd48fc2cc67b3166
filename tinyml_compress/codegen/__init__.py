"""Generates the C: `generate(graph, schedule, plan)` gives a Program."""

from tinyml_compress.codegen.emit import generate

__all__ = ["generate"]

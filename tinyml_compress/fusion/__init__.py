"""Layers that run together, strip by strip, so that what lies between them never is there as a whole."""

from tinyml_compress.fusion.strips import Form, Fusion, Parts, fused

__all__ = ["Form", "Fusion", "Parts", "fused"]

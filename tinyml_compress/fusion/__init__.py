"""Layers that run together, strip by strip, so that what lies between them never is there as a whole."""

from tinyml_compress.fusion.ends import by_rows
from tinyml_compress.fusion.strips import Fusion, Parts, StripForm, fused

__all__ = ["Fusion", "Parts", "StripForm", "by_rows", "fused"]

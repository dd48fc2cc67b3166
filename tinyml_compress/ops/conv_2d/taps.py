"""CONV_2D tap by tap in plain C: every node of its form."""

from __future__ import annotations

from tinyml_compress.ops._conv import Taps
from tinyml_compress.ops.conv_2d import node

TAPS = Taps("conv_2d", 0, node.groups)
VARIANTS = (*TAPS.variants(), *TAPS.narrow())

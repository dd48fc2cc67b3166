"""CONV_2D tap by tap in plain C: every node of its form."""

from __future__ import annotations

from tinyml_compress.ops._conv import Taps
from tinyml_compress.ops.conv_2d import node

_TAPS = Taps("conv_2d", 0, node.groups, 9.0)
VARIANTS = (*_TAPS.variants(), *_TAPS.narrow())

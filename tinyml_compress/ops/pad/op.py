"""PAD: a border of zeros (of zero points, where quantized)."""

from __future__ import annotations

from tinyml_compress.ops._padding import PadOperator
from tinyml_compress.ops.base import Options


class Pad(PadOperator):
    name = "PAD"
    options = Options("PadOptions")


OPERATOR = Pad()

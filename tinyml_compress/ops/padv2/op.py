"""PADV2: a border of a given value."""

from __future__ import annotations

from tinyml_compress.ops._padding import PadOperator
from tinyml_compress.ops.base import Options


class PadV2(PadOperator):
    name = "PADV2"
    tflm_method = "AddPadV2"
    options = Options("PadV2Options")


OPERATOR = PadV2()

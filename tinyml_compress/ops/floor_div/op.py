"""FLOOR_DIV: quotient rounded down, with broadcasting."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._binary import BinaryOperator, binary_variants
from tinyml_compress.ops.base import Options


class FloorDiv(BinaryOperator):
    name = "FLOOR_DIV"
    options = Options("FloorDivOptions")
    types = (DType.FLOAT32,)
    limits = "rank up to 4"
    max_rank = 4
    variants = binary_variants(
        "floor_div", "f32", "tc_broadcast_params", lambda view: (), lambda view: True, flat=False
    )


OPERATOR = FloorDiv()

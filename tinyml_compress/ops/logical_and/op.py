"""LOGICAL_AND of two boolean tensors with broadcasting."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._binary import BinaryOperator, binary_variants
from tinyml_compress.ops.base import Options


class LogicalAnd(BinaryOperator):
    name = "LOGICAL_AND"
    options = Options("LogicalAndOptions")
    types = (DType.BOOL,)
    variants = binary_variants(
        "logical_and", "u8", "tc_broadcast_params", lambda view: (), lambda view: True, flat=False
    )


OPERATOR = LogicalAnd()

"""LOGICAL_OR of two boolean tensors with broadcasting."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._binary import BinaryOperator, binary_variants
from tinyml_compress.ops.base import Options


class LogicalOr(BinaryOperator):
    name = "LOGICAL_OR"
    options = Options("LogicalOrOptions")
    types = (DType.BOOL,)
    variants = binary_variants(
        "logical_or", "u8", "tc_broadcast_params", lambda view: (), lambda view: True, flat=False
    )


OPERATOR = LogicalOr()

"""CUMSUM: running sums along an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fine_sums import check_sums, sum_params
from tinyml_compress.ops.base import Operator, Options
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_cumsum_params",
        ints("before", note="product of the sizes in front of the axis"),
        ints("size", note="of the axis"),
        ints("after", note="product of the sizes behind it"),
        ints("exclusive reverse in_zero_point multiplier shift zero_point"),
    ),
)


@dataclass(frozen=True)
class CumsumAttrs(Attrs):
    """Attributes of CUMSUM; the axis is the second input."""

    exclusive: bool = False
    reverse: bool = False


def _params(view: NodeView) -> Params:
    attrs, shape = view.attrs(CumsumAttrs), view.input(0).shape
    axis = _checks.one_axis(view, 1, len(shape))
    return (
        ("before", math.prod(shape[:axis])),
        ("size", shape[axis]),
        ("after", math.prod(shape[axis + 1 :])),
        ("exclusive", int(attrs.exclusive)),
        ("reverse", int(attrs.reverse)),
        *sum_params(view),
    )


class Cumsum(Operator):
    name = "CUMSUM"
    tflm_method = "AddCumSum"
    attrs_type = CumsumAttrs
    options = Options("CumsumOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "axis constant"
    variants = each_type("tc_{}_cumsum__c", types, "tc_cumsum_params", _params)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.one_type(view, self.types)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the axis")
        rank = _checks.full_rank(view, view.input(0), 6, 1)
        _checks.one_axis(view, 1, rank)
        if dtype is DType.INT8:
            check_sums(view)


OPERATOR = Cumsum()

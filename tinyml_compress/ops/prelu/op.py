"""PRELU: negative inputs are multiplied by alpha."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._binary import binary_variants, broadcast
from tinyml_compress.ops.base import Operator, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import Params, takes
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_prelu_params",
        ints("count"),
        pointers("int32_t", "walk"),
        ints("in_zero_point alpha_zero_point"),
        ints("multiplier", note="of inputs that are not negative"),
        ints("shift"),
        ints("alpha_multiplier", note="of the product with alpha"),
        ints("alpha_shift zero_point low high"),
    ),
)

_MAX_RANK = 4


def _factors(view: NodeView) -> tuple[float, float]:
    source, alpha, out = view.quant(0), view.quant(1), view.output_quant()
    return source.scale / out.scale, source.scale * alpha.scale / out.scale


def _params(view: NodeView) -> Params:
    source, alpha, out = view.quant(0), view.quant(1), view.output_quant()
    plain, product = (quantize_multiplier(factor) for factor in _factors(view))
    bits = 8 * view.output().dtype.itemsize - 1
    return (
        ("in_zero_point", source.zero_point),
        ("alpha_zero_point", alpha.zero_point),
        ("multiplier", plain[0]),
        ("shift", plain[1]),
        ("alpha_multiplier", product[0]),
        ("alpha_shift", product[1]),
        ("zero_point", out.zero_point),
        ("low", -(1 << bits)),
        ("high", (1 << bits) - 1),
    )


class Prelu(Operator):
    name = "PRELU"
    elementwise = True
    dtypes = ("int8", "int16", "float32")
    limits = f"rank up to {_MAX_RANK}; alpha int8 where the input is quantized"
    variants = (
        *binary_variants("prelu", "s8", "tc_prelu_params", _params, takes(DType.INT8), flat=False),
        *binary_variants("prelu", "s16", "tc_prelu_params", _params, takes(DType.INT16), flat=False),
        *binary_variants(
            "prelu", "f32", "tc_broadcast_params", lambda view: (), takes(DType.FLOAT32), flat=False
        ),
    )

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        source, alpha, out = view.input(0), view.input(1), view.output()
        dtype = _checks.dtypes(view, source, (DType.INT8, DType.INT16, DType.FLOAT32))
        _checks.dtypes(view, out, (dtype,))
        _checks.dtypes(view, alpha, (DType.FLOAT32 if dtype is DType.FLOAT32 else DType.INT8,), "alpha")
        for tensor in (source, alpha):
            _checks.full_rank(view, tensor, _MAX_RANK)
        if broadcast(view) != out.shape:
            raise refuse(
                view, "shape of alpha", found=alpha.shape, allowed=f"one that spreads to {out.shape}"
            )
        if dtype is not DType.FLOAT32:
            for tensor in (source, alpha, out):
                _checks.quantization(view, tensor)
            for factor in _factors(view):
                _checks.shift(view, quantize_multiplier(factor)[1])

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (broadcast(view),)


OPERATOR = Prelu()

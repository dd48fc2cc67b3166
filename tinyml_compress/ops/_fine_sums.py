"""ADD_N and CUMSUM: int8 values are added up in steps that are 2^20 times as fine as twice the input's."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.numerics import quantize_multiplier


def _factor(view: NodeView) -> float:
    source, target = view.quant(0), view.output_quant()
    return 2.0 * source.scale / ((1 << 20) * target.scale)


def sum_params(view: NodeView) -> tuple[tuple[str, int], ...]:
    """Fields from `in_zero_point` to `zero_point`; zeros for float."""
    quantized = view.output().dtype is DType.INT8
    multiplier, shift = quantize_multiplier(_factor(view)) if quantized else (0, 0)
    return (
        ("in_zero_point", view.quant(0).zero_point if quantized else 0),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", view.output_quant().zero_point if quantized else 0),
    )


def check_sums(view: NodeView) -> None:
    """The quantization of int8 input and output."""
    _checks.quantizations(view, view.input(0), view.output())
    if not 0.0 < _factor(view) < 1.0 or quantize_multiplier(_factor(view))[1] > 0:
        ratio = f"scale ratio {_factor(view):g}"
        raise _checks.collapsed(view, "its output", found=ratio, allowed="above 0 and below 1")

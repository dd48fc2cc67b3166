"""What kernels and checks of TRANSPOSE_CONV ask a node: its attributes, its inputs, its multipliers."""

from __future__ import annotations

from dataclasses import dataclass, field

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._products import axis_window, checked_multiplier
from tinyml_compress.ops.numerics import Activation, Fused, Padding

WEIGHTS = 1
INPUT = 2
BIAS = 3


@dataclass(frozen=True)
class TransposeConvAttrs(Fused):
    padding: Padding = Padding.SAME
    stride_w: int = 1
    stride_h: int = 1
    activation: Activation = Activation.NONE
    pads: tuple[int, int] | None = field(default=None, kw_only=True)
    """Rows and columns that the first output lies behind the first place of the first window, in place of
    `padding`.
    """


def multipliers(view: NodeView) -> list[tuple[int, int]]:
    source, weights, target = view.quant(INPUT), view.quant(WEIGHTS), view.output_quant()
    channels = view.input(WEIGHTS).shape[0]
    scales = weights.scales if weights.per_channel else weights.scales[:1] * channels
    return [checked_multiplier(view, source.scale * scale / target.scale) for scale in scales]


def borders(view: NodeView) -> tuple[int, int]:
    """Rows and columns of the border before the first output."""
    attrs, target = view.attrs(TransposeConvAttrs), view.output()
    if attrs.pads is not None:
        return attrs.pads
    _, height, width, _ = view.input(WEIGHTS).shape
    return (
        axis_window(attrs.padding, target.shape[1], height, attrs.stride_h)[1],
        axis_window(attrs.padding, target.shape[2], width, attrs.stride_w)[1],
    )

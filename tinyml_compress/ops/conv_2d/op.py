"""CONV_2D, grouped too: int8 and the forms of `_forms`."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._conv import OPTIONS, ConvAttrs, ConvOperator, check_conv, check_conv_numbers
from tinyml_compress.ops.base import Options, refuse
from tinyml_compress.ops.conv_2d import (
    block,
    blocks,
    codes,
    four_bits,
    helium,
    lanes,
    neon,
    node,
    pairs,
    quads,
    rows,
    sparse,
    taps,
    winograd,
)
from tinyml_compress.ops.traits import Scales, Weights


@dataclass(frozen=True)
class Conv2DAttrs(ConvAttrs):
    """Attributes of CONV_2D."""


class Conv2D(ConvOperator):
    name = "CONV_2D"
    attrs_type = Conv2DAttrs
    options = Options("Conv2DOptions", OPTIONS)
    dtypes = ("int8", "int16", "float32")
    limits = "constant weights, int8 for int16 inputs, int8 or packed int4 for int8 inputs"
    weights = Weights(0, 3, four_bits=Scales.PER_CHANNEL, reads_bias_scale=False, patch_bytes=4)
    variants = (
        *taps.VARIANTS,
        *pairs.VARIANTS,
        *four_bits.VARIANTS,
        *rows.VARIANTS,
        *blocks.VARIANTS,
        *sparse.VARIANTS,
        *codes.VARIANTS,
        *winograd.VARIANTS,
        *block.VARIANTS,
        *quads.VARIANTS,
        *helium.VARIANTS,
        *lanes.VARIANTS,
        *neon.VARIANTS,
    )

    def check(self, view: NodeView) -> None:
        check_conv(view)
        in_c = view.input(0).shape[3]
        out_c, _, _, per_group = view.input(1).shape
        if in_c % per_group or out_c % (in_c // per_group):
            raise refuse(
                view,
                "channels do not divide into groups",
                found=f"{in_c} input channels, {per_group} per filter, {out_c} output channels",
                allowed="input channels a multiple of the filter's, output channels a multiple of the groups",
            )
        check_conv_numbers(view, 0, node.rows)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        window = node.window(view)
        return ((window.batch, window.out_h, window.out_w, window.out_c),)

    def macs(self, view: NodeView) -> int:
        return node.macs(view)


OPERATOR = Conv2D()

"""DEPTHWISE_CONV_2D with any channel multiplier: int8 and the forms of `_forms`."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._conv import OPTIONS, ConvAttrs, ConvOperator, check_conv, check_conv_numbers
from tinyml_compress.ops._forms import ProductForm, form_of
from tinyml_compress.ops.base import Options, refuse
from tinyml_compress.ops.depthwise_conv_2d import (
    column,
    four_bits,
    lanes,
    neon,
    node,
    patch,
    plane,
    plane_wide,
    three_by_three,
    vectors,
)
from tinyml_compress.ops.traits import Scales, Weights


@dataclass(frozen=True)
class DepthwiseConv2DAttrs(ConvAttrs):
    depth_multiplier: int = 1


class DepthwiseConv2D(ConvOperator):
    name = "DEPTHWISE_CONV_2D"
    attrs_type = DepthwiseConv2DAttrs
    options = Options("DepthwiseConv2DOptions", OPTIONS)
    dtypes = ("int8", "int16", "float32")
    limits = "constant weights, int8 for int16 inputs, int8 or packed int4 for int8 inputs"
    weights = Weights(3, None, four_bits=Scales.PER_CHANNEL, reads_bias_scale=False, patch_bytes=2)
    variants = (
        *node.TAPS.variants(),
        *plane_wide.VARIANTS,
        *four_bits.VARIANTS,
        *three_by_three.VARIANTS,
        *plane.VARIANTS,
        *column.VARIANTS,
        *patch.VARIANTS,
        *lanes.VARIANTS,
        *vectors.VARIANTS,
        *neon.VARIANTS,
    )

    def check(self, view: NodeView) -> None:
        check_conv(view)
        in_c = view.input(0).shape[3]
        first, _, _, out_c = view.input(1).shape
        if first != 1 or out_c % in_c:
            raise refuse(
                view,
                "shape of the weights",
                found=view.input(1).shape,
                allowed=f"(1, height, width, multiple of {in_c})",
            )
        attrs = view.attrs(DepthwiseConv2DAttrs)
        if attrs.depth_multiplier != out_c // in_c:
            raise refuse(view, "depth multiplier", found=attrs.depth_multiplier, allowed=out_c // in_c)
        bias = view.optional_input(2)
        if form_of(view) is ProductForm.S16_NARROW and bias is not None:
            raise refuse(
                view,
                f"element type of the bias {bias.name} beside int16 inputs",
                found=bias.dtype.value,
                allowed="i64 (TensorFlow Lite Micro reads an int32 bias as if it were one)",
            )
        check_conv_numbers(view, 3, node.rows)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        window = node.window(view)
        return ((window.batch, window.out_h, window.out_w, window.out_c),)

    def macs(self, view: NodeView) -> int:
        return node.TAPS.macs(view)


OPERATOR = DepthwiseConv2D()

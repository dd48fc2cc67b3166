"""Parameters of the kernels."""

from __future__ import annotations

from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_s8_depthwise_plane",
        ints("batch in_c"),
        ints("in_bytes", note="of one image"),
        ints("out_bytes"),
        ints("outer_in", note="input lines, then values in a line, and the bytes from one to the next"),
        ints("inner_in outer_in_step inner_in_step"),
        ints("outer_out", note="the same for the output"),
        ints("inner_out outer_out_step inner_out_step outer_kernel inner_kernel outer_stride"),
        ints("inner_stride outer_dilation outer_pad inner_pad"),
        ints("lines", note="of the buffer, and values in one of its lines, which are even"),
        ints("pitch"),
        ints("multiplier", note="output channels per input channel"),
        ints("planes", note="buffers side by side: 4 channels are gathered at once, or 1"),
        ints("out_zero"),
        ints("packed", note="whether a channel is as tc_fast_unpack takes it, or as tc_fast_finish does"),
        ints("in_zero"),
        pointers("int8_t", "weights", note="per output channel its taps, inner axis last"),
        pointers("int32_t", "channels", note="per output channel"),
    ),
    struct(
        "tc_s8_depthwise_column",
        ints("batch in_c"),
        ints("in_bytes", note="of one image"),
        ints("out_bytes out_rows"),
        ints("row_step", note="bytes from the values of one output row to those of the next"),
        ints("taps tap_step out_zero"),
        pointers("int8_t", "weights", note="by taps, then channels"),
        pointers("int32_t", "channels", note="as tc_fast_unpack takes them"),
    ),
    struct(
        "tc_s16_depthwise_plane",
        ints("batch in_c"),
        ints("in_bytes", note="values of one image, here and in what follows"),
        ints("out_bytes outer_in inner_in outer_in_step inner_in_step outer_out inner_out"),
        ints("outer_out_step inner_out_step outer_kernel inner_kernel outer_stride inner_stride"),
        ints("outer_dilation outer_pad inner_pad lines pitch multiplier act_min act_max"),
        pointers("int8_t", "weights", note="per output channel its taps, inner axis last"),
        pointers("int32_t", "channels"),
    ),
    struct(
        "tc_s8_depthwise_bytes",
        ints("batch in_c"),
        ints("in_bytes", note="of one image"),
        ints("out_bytes"),
        ints("outer_in", note="input lines, then values in a line, and the bytes from one to the next"),
        ints("inner_in outer_in_step inner_in_step"),
        ints("outer_out", note="the same for the output"),
        ints("inner_out outer_out_step inner_out_step outer_kernel inner_kernel outer_stride"),
        ints("inner_stride outer_dilation outer_pad inner_pad"),
        ints("lines", note="of the buffer, and values in one of its lines"),
        ints("pitch in_zero out_zero act_min act_max"),
        pointers("int8_t", "weights", note="per channel its taps, inner axis last"),
        pointers("int32_t", "channels", note="per channel bias, multiplier, shift"),
    ),
)

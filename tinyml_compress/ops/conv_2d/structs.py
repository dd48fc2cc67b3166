"""Parameters of the kernels."""

from __future__ import annotations

from tinyml_compress.ops._conv import CONV
from tinyml_compress.ops.structs import WINDOW, ints, pointers, struct

STRUCTS = (
    struct(
        "tc_s8_conv_strips",
        CONV,
        ints("columns", note="of output, whose windows lie in scratch at once"),
        ints("phase", note="columns of input, a dilation apart, that these see"),
    ),
    struct(
        "tc_s8_conv_block",
        WINDOW,
        ints("in_zero out_zero"),
        ints(
            "depth_pairs", note="pairs of values per output: half of kernel_h * kernel_w * in_c, rounded up"
        ),
        ints("packed", note="whether `channels` is as tc_fast_unpack takes it, or laid out for the block"),
        pointers(
            "void", "weights", note="per pair of channels A, B and pair of values k, l: [A.k, B.k, A.l, B.l]"
        ),
        pointers(
            "int32_t",
            "channels",
            note="for the block: per pair of channels bias A, bias B, then multiplier, "
            "half, shift of A and of B (see tc_fast_finish); of a last odd one bias, "
            "multiplier, half, shift",
        ),
    ),
    struct(
        "tc_s8_conv_sparse",
        WINDOW,
        ints("in_zero out_zero"),
        ints("columns", note="pixels of a strip, a multiple of 4"),
        ints(
            "phases", note="columns of input lie by their number modulo the stride; so many of these are read"
        ),
        ints("run", note="words per kernel row, channel and phase"),
        ints("unpacked", note="bytes of one channel's weights in scratch, where they are unpacked"),
        pointers("int8_t", "weights"),
        pointers(
            "uint8_t",
            "counts",
            note="per channel its pairs of weights, 1 to 255; or a bit per weight, padded to words",
        ),
        pointers("int32_t", "channels", note="per channel, as tc_fast_unpack takes it"),
    ),
    struct(
        "tc_s8_conv_rows",
        WINDOW,
        ints("in_zero out_zero act_min act_max"),
        ints("depth", note="values of a window"),
        pointers("uint8_t", "weights", note="as the kernel says"),
        pointers("int32_t", "channels", note="per channel bias, multiplier, shift, and what the kernel says"),
    ),
    struct(
        "tc_s16_conv_pairs",
        WINDOW,
        ints("act_min act_max"),
        ints("direct", note="whether pixels are read in place"),
        ints("pairs", note="of values of one window"),
        ints("chunk"),
        pointers("int8_t", "weights"),
        pointers("int32_t", "channels"),
    ),
    struct(
        "tc_s8_conv_codes",
        WINDOW,
        ints("in_zero out_zero"),
        ints("columns", note="of output, whose windows lie in scratch at once"),
        ints("bits", note="per weight: 2, 3, 4"),
        ints("shift"),
        pointers(
            "uint8_t",
            "weights",
            note="per two channels A, B and two values k, l the codes of A.k, B.k, A.l, "
            "B.l, lowest first; values as tc_conv_widen lays them, taps column by "
            "column",
        ),
        pointers("int8_t", "books", note="per channel its table, where there are no multipliers"),
        pointers("int16_t", "centroids", note="the table of all channels"),
        pointers(
            "uint16_t",
            "factors",
            note="by which it is multiplied for a channel, then shifted right, rounded; or NULL",
        ),
        pointers("int32_t", "channels", note="per channel, as tc_fast_unpack takes it"),
    ),
)

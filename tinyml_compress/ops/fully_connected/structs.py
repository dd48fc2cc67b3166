"""Parameters of the kernels."""

from __future__ import annotations

from tinyml_compress.ops.structs import floats, ints, pointers, struct

STRUCTS = (
    struct(
        "tc_s8_fc_sparse",
        ints("batch in_c out_c"),
        pointers("int8_t", "weights", note="per output pairs of weights, laid out as the kernel says"),
        pointers(
            "int32_t",
            "channels",
            note="per output bias, multiplier, half, and the shift in the lowest byte: bit "
            "17 is its pairs modulo 2, the bits from 20 on their half, the 9 from 8 "
            "on where the assembly begins",
        ),
    ),
    struct(
        "tc_s8_fully_connected",
        ints("batch in_c out_c out_zero act_min act_max"),
        pointers("int8_t", "weights"),
        pointers("int32_t", "channels", note="per output, laid out as the kernel says"),
    ),
    struct(
        "tc_f32_fully_connected",
        ints("batch in_c out_c"),
        floats("act_min act_max"),
        pointers("float", "weights bias"),
    ),
    struct(
        "tc_s16_fc_pairs",
        ints("batch in_c out_c act_min act_max chunk"),
        pointers("int8_t", "weights"),
        pointers("int32_t", "channels"),
    ),
    struct(
        "tc_s8_fc_blocks",
        ints("batch in_c out_c"),
        pointers(
            "int8_t", "weights", note="per four outputs the number of fours of blocks, in 4 bytes, then these"
        ),
        pointers("int32_t", "channels", note="per output"),
    ),
)

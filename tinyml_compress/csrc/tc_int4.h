/* int4 weights, two in a byte. */
#ifndef TC_INT4_H
#define TC_INT4_H

#include "tc_base.h"

static TC_INLINE int32_t tc_low4(uint32_t byte) {
    return (int32_t)((byte & 15u) ^ 8u) - 8;
}

static TC_INLINE int32_t tc_high4(uint32_t byte) {
    return (int32_t)(byte >> 4 ^ 8u) - 8;
}

static TC_INLINE int32_t tc_int4_at(const uint8_t *from, int32_t index) {
    return index % 2 == 0 ? tc_low4(from[index / 2]) : tc_high4(from[index / 2]);
}

/* `count` weights, the low half of each byte first, one per byte. */
static TC_NOINLINE void tc_unpack4(int8_t *to, const uint8_t *from, int32_t count) {
    for (; count > 1; count -= 2, from++) {
        *to++ = (int8_t)tc_low4(*from);
        *to++ = (int8_t)tc_high4(*from);
    }
    if (count > 0) {
        *to = (int8_t)tc_low4(*from);
    }
}

/* Four bytes of halves between 0 and 15, minus 8 where they had 8 added. */
static TC_INLINE uint32_t tc_signed4(uint32_t halves) {
    return (((halves ^ 0x08080808u) | 0x80808080u) - 0x08080808u) ^ 0x80808080u;
}

#endif

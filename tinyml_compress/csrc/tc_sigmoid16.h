/* The logistic function of int16 by interpolation in a table of 256 entries, and what leads to it. */
#ifndef TC_SIGMOID16_H
#define TC_SIGMOID16_H

#include "tc_base.h"

/* The input on the table's scale, rounded. */
static TC_INLINE int32_t tc_sigmoid16_rounded(int32_t x, int32_t multiplier, int32_t shift) {
    const int32_t rounding = shift > 0 ? (int32_t)((uint32_t)1 << (shift - 1)) : 0;
    return (x * multiplier + rounding) >> shift;
}

static TC_INLINE int32_t tc_sigmoid16_scaled(const tc_sigmoid16_params *p, int32_t x) {
    return tc_sigmoid16_rounded(x, p->multiplier, p->shift);
}

/* The logistic function of a scaled input. */
static TC_INLINE int32_t tc_logistic16(const uint16_t *table, int32_t x) {
    const uint32_t magnitude = (uint32_t)(x < 0 ? -x : x);
    const uint32_t index = magnitude >> 9;
    uint32_t result = (uint32_t)0x7fff << 10;
    if (index < 255) {
        const uint32_t low = table[index];
        const uint32_t high = table[index + 1];
        result = (low << 9) + (magnitude & 0x1ffu) * (high - low);
    }
    result = x >= 0 ? result + (1u << 9) : (1u << 25) - result + (1u << 9) - 1u;
    return (int32_t)(result >> 10);
}

/* The hyperbolic tangent of a scaled input: 2 * logistic(2 * x) - 1. */
static TC_INLINE int32_t tc_tanh16(const uint16_t *table, int32_t x) {
    const uint32_t magnitude = (uint32_t)(x < 0 ? -x : x);
    const uint32_t index = magnitude >> 8;
    int32_t result = 0xffff << 8;
    if (index < 255) {
        const int32_t low = table[index];
        const int32_t high = table[index + 1];
        result = (low << 8) + (int32_t)(magnitude & 0xffu) * (high - low);
    }
    result = x >= 0 ? result - (1 << 23) + (1 << 7) : -result + (1 << 23) + (1 << 7) - 1;
    return result >> 8;
}

#endif

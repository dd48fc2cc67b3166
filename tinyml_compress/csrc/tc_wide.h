/* Requantization of 64-bit accumulators, as int16 activations with int8 weights have them. */
#ifndef TC_WIDE_H
#define TC_WIDE_H

#include "tc_requant.h"

/* x * multiplier * 2^(shift - 31) with the multiplier cut to 16 bits, ties toward +infinity. */
static TC_INLINE int32_t tc_requantize_wide(int64_t x, int32_t multiplier, int shift) {
    const int64_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
    const int total = 15 - shift;
    return (int32_t)((x * reduced + ((int64_t)1 << (total - 1))) >> total);
}

#endif

/* Counting bits. */
#ifndef TC_BITS_H
#define TC_BITS_H

#include "tc_base.h"

static TC_INLINE int32_t tc_leading_zeros(uint32_t x) {
#if defined(__GNUC__) || defined(__clang__)
    return x == 0u ? 32 : (int32_t)__builtin_clz(x);
#else
    int32_t zeros = 32;
    for (; x != 0u; x >>= 1) {
        zeros--;
    }
    return zeros;
#endif
}

#endif

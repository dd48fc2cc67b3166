/* Helium: products of int16 by int8, with sums of 64 bits. */
#ifndef TC_MVE_WIDE_H
#define TC_MVE_WIDE_H

#include "tc_mve.h"
#include "tc_mve_lanes.h"

#if !defined(__ARM_FEATURE_MVE)
static TC_INLINE int16x8_t vldrbq_s16(const int8_t *from) {
    int16x8_t result;
    for (int i = 0; i < 8; i++) {
        result.lane[i] = from[i];
    }
    return result;
}

static TC_INLINE int64_t vmlaldavaq_s16(int64_t sum, int16x8_t a, int16x8_t b) {
    for (int i = 0; i < 8; i++) {
        sum += a.lane[i] * b.lane[i];
    }
    return sum;
}
#endif

#endif

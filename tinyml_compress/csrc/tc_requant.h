/* Requantization with gemmlowp's double rounding, as TensorFlow Lite Micro does it. */
#ifndef TC_REQUANT_H
#define TC_REQUANT_H

#include "tc_base.h"

/* (a * b * 2 + 2^31) >> 32 with ties toward +infinity; INT32_MIN squared saturates. */
static TC_INLINE int32_t tc_high_mul(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* x / 2^exponent, ties away from zero; exponent in [0, 31]. */
static TC_INLINE int32_t tc_rounding_shift_right(int32_t x, int exponent) {
    const int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1u);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/* x * multiplier * 2^(shift - 31); shift is positive to the left. The left shift wraps as on the device. */
static TC_INLINE int32_t tc_requantize(int32_t x, int32_t multiplier, int shift) {
    const int left = shift > 0 ? shift : 0;
    const int right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
    return tc_rounding_shift_right(tc_high_mul(shifted, multiplier), right);
}

static TC_INLINE int32_t tc_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : (x > high ? high : x);
}

#endif

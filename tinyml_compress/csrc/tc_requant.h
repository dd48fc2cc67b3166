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

/* The same for a multiplier in [0, 2^31). Cores without a 32x32->64 multiply get it from 16-bit halves: the compiler's
 * 64-bit product would be a library call. */
static TC_INLINE int32_t tc_high_mul_positive(int32_t a, int32_t b) {
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
    const uint32_t magnitude = a < 0 ? 0u - (uint32_t)a : (uint32_t)a;
    const uint32_t a_low = magnitude & 0xffffu;
    const uint32_t a_high = magnitude >> 16;
    const uint32_t b_low = (uint32_t)b & 0xffffu;
    const uint32_t b_high = (uint32_t)b >> 16;
    const uint32_t low = a_low * b_low;
    const uint32_t cross = a_high * b_low + (low >> 16);
    const uint32_t middle = a_low * b_high + (cross & 0xffffu);
    const uint32_t top = a_high * b_high + (cross >> 16) + (middle >> 16);
    const uint32_t bottom = (middle << 16) | (low & 0xffffu);
    /* Bits 31.. of the product, and bit 30, which rounds; the magnitude of a negative product rounds up only past
     * the half. */
    const uint32_t whole = (top << 1) | (bottom >> 31);
    const uint32_t fraction = bottom & 0x7fffffffu;
    if (a < 0) {
        return (int32_t)(0u - (whole + (fraction > 0x40000000u ? 1u : 0u)));
    }
    return (int32_t)(whole + (fraction >> 30));
#else
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
#endif
}

/* x / 2^exponent, ties away from zero; exponent in [0, 31]. */
static TC_INLINE int32_t tc_rounding_shift_right(int32_t x, int exponent) {
    const int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1u);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/* x * multiplier * 2^(shift - 31) for a multiplier in [0, 2^31); shift is positive to the left. The left shift wraps as
 * on the device. */
static TC_INLINE int32_t tc_requantize(int32_t x, int32_t multiplier, int shift) {
    const int left = shift > 0 ? shift : 0;
    const int right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
    return tc_rounding_shift_right(tc_high_mul_positive(shifted, multiplier), right);
}

static TC_INLINE int32_t tc_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : (x > high ? high : x);
}

/* a + b as the accumulators of the reference wrap. */
static TC_INLINE int32_t tc_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

#endif

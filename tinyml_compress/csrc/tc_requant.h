/* Requantization with gemmlowp's double rounding, as TensorFlow Lite Micro does it. */
#ifndef TC_REQUANT_H
#define TC_REQUANT_H

#include "tc_base.h"

#ifndef TC_SMALL_CORE
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
#define TC_SMALL_CORE 1 /* no multiply with a 64-bit result: it would be a library call */
#else
#define TC_SMALL_CORE 0
#endif
#endif

#ifndef TC_MIXED_SIGNS
#if defined(__riscv)
#define TC_MIXED_SIGNS 1 /* multiplies a signed number by an unsigned one in one instruction */
#else
#define TC_MIXED_SIGNS 0
#endif
#endif

#if TC_SMALL_CORE
/* 2 * |a| * |b| rounded and shifted right by 32 from 16-bit halves; `sign` is all ones where the product is negative:
 * ties go toward +infinity, so its magnitude gets one less than half before it is cut. No sum leaves 32 bits as long as
 * `b` is below 2^31. */
static TC_INLINE uint32_t tc_high_magnitude(uint32_t a, uint32_t b, uint32_t sign) {
    const uint32_t a_low = a & 0xffffu;
    const uint32_t a_high = a >> 16;
    const uint32_t b_low = b & 0xffffu;
    const uint32_t b_high = b >> 16;
    const uint32_t low = (a_low * b_low + (sign >> 16)) >> 16;
    const uint32_t middle = a_low * b_high + a_high * b_low + low + 0x4000u + sign;
    return ((a_high * b_high) << 1) + (middle >> 15);
}
#endif

/* (a * b * 2 + 2^31) >> 32 with ties toward +infinity; INT32_MIN squared saturates. */
static TC_INLINE int32_t tc_high_mul(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
#if TC_SMALL_CORE
    if (b == INT32_MIN) {
        return (int32_t)(0u - (uint32_t)a);
    }
    const uint32_t sign_a = a < 0 ? 0xffffffffu : 0u;
    const uint32_t sign_b = b < 0 ? 0xffffffffu : 0u;
    const uint32_t sign = sign_a ^ sign_b;
    const uint32_t high = tc_high_magnitude(((uint32_t)a ^ sign_a) - sign_a, ((uint32_t)b ^ sign_b) - sign_b, sign);
    return (int32_t)((high ^ sign) - sign);
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

#if TC_MIXED_SIGNS
/* (a * b * 2 + 2^31) >> 32 for b in [0, 2^31). */
static TC_INLINE int32_t tc_high_mixed(int32_t a, int32_t b) {
    const int64_t doubled = (int64_t)a * (int64_t)((uint32_t)b << 1);
    return (int32_t)(doubled >> 32) + (int32_t)((uint32_t)doubled >> 31);
}
#endif

/* x * multiplier * 2^(shift - 31) for a multiplier in [0, 2^31); shift is positive to the left. The left shift wraps as
 * on the device. */
static TC_INLINE int32_t tc_requantize(int32_t x, int32_t multiplier, int shift) {
#if TC_MIXED_SIGNS
    if (shift >= 0) {
        return tc_high_mixed((int32_t)((uint32_t)x << shift), multiplier);
    }
    /* One less than a negative number's ties go away from zero where all others go up. */
    const int32_t high = tc_high_mixed(x, multiplier);
    return (((high + (high >> 31)) >> (-shift - 1)) + 1) >> 1;
#else
    const int left = shift > 0 ? shift : 0;
    const int right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
#if TC_SMALL_CORE
    /* On the magnitude; the shift rounds ties away from zero. */
    const uint32_t sign = shifted < 0 ? 0xffffffffu : 0u;
    const uint32_t product = tc_high_magnitude(((uint32_t)shifted ^ sign) - sign, (uint32_t)multiplier, sign);
    const uint32_t scaled = (product + (((uint32_t)1 << right) >> 1)) >> right;
    return (int32_t)((scaled ^ sign) - sign);
#else
    const int32_t product = (int32_t)(((int64_t)shifted * multiplier + ((int64_t)1 << 30)) >> 31);
    return tc_rounding_shift_right(product, right);
#endif
#endif
}

/* The same for x between -2^16 and 2^16: half the multiplications where there are none of 64 bits. */
static TC_INLINE int32_t tc_requantize_short(int32_t x, int32_t multiplier, int shift) {
#if TC_SMALL_CORE
    if (shift <= 0) {
        const uint32_t sign = x < 0 ? 0xffffffffu : 0u;
        const uint32_t magnitude = ((uint32_t)x ^ sign) - sign;
        const uint32_t product = tc_high_magnitude(magnitude & 0xffffu, (uint32_t)multiplier, sign);
        const uint32_t scaled = (product + (((uint32_t)1 << -shift) >> 1)) >> -shift;
        return (int32_t)((scaled ^ sign) - sign);
    }
#endif
    return tc_requantize(x, multiplier, shift);
}

static TC_INLINE int32_t tc_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : (x > high ? high : x);
}

/* a + b as the accumulators of the reference wrap. */
static TC_INLINE int32_t tc_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

#endif

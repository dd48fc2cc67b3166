/* e^x of float in integers of 64 bits, for cores without doubles: bit for bit what the C libraries of desktops and of
 * microcontrollers give, since it follows the same polynomial. With z = x * 32 / log(2), a whole number k and a rest r
 * of at most a half, e^x is 2^(k / 32) * (1 + c2 * r + c1 * r^2 + c0 * r^3).
 * 32 bits of the rest come within 2^-34 of that, which settles all but one rounding in a thousand; 64 settle those. */
#ifndef TC_EXP_H
#define TC_EXP_H

#include "tc_base.h"

/* The polynomial's factors times 2^68. */
#define TC_EXP_C0 0x0001c6af84b91239
#define TC_EXP_C1 0x00f5fe7287d62798
#define TC_EXP_C2 0x58b90bfc314b5800

/* 2^(i / 32) times 2^62. */
static const uint64_t tc_exp_roots[32] = {
    0x4000000000000000u, 0x4166c34c5615d000u, 0x42d561b3e6243c00u, 0x444c0740496d4400u, 0x45cae0f1f545ec00u,
    0x47521cc5a2e6a800u, 0x48e1e9b9d588e000u, 0x4a7a77d47f7b8400u, 0x4c1bf828c6dc5400u, 0x4dc69cdceaa72c00u,
    0x4f7a993048d08800u, 0x513821818624b400u, 0x52ff6b54d8a89c00u, 0x54d0ad5a753e0800u, 0x56ac1f752150a400u,
    0x5891fac0e9561400u, 0x5a827999fcef3400u, 0x5c7dd7a3b17dd000u, 0x5e8451cfac061c00u, 0x6096266533384c00u,
    0x62b39508aa836c00u, 0x64dcdec337179400u, 0x6712460a8fc24000u, 0x69540ec8f8957400u, 0x6ba27e656b4eb400u,
    0x6dfddbcbed791c00u, 0x70666f76154a7000u, 0x72dc8373be41a400u, 0x75606373ee921c00u, 0x77f25ccdee6d7c00u,
    0x7a92be8a92436800u, 0x7d41d96db9150000u,
};

/* a * b / 2^32 and, of 64 bits, a * b / 2^64, rounded down. */
static TC_INLINE int32_t tc_upper32(int32_t a, int32_t b) {
    return (int32_t)((int64_t)a * b >> 32);
}

static TC_NOINLINE int64_t tc_upper64(int64_t a, int64_t b) {
    const int64_t a_low = (int64_t)(uint32_t)a;
    const int64_t b_low = (int64_t)(uint32_t)b;
    const int64_t low = (int64_t)((uint64_t)a_low * (uint64_t)b_low >> 32);
    const int64_t middle = (a >> 32) * b_low + low;
    const int64_t other = (b >> 32) * a_low + (int64_t)(uint32_t)middle;
    return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
}

static TC_INLINE uint32_t tc_bits_of(float x) {
    const union {
        float value;
        uint32_t bits;
    } same = {x};
    return same.bits;
}

static TC_INLINE float tc_float_of(uint32_t bits) {
    const union {
        uint32_t bits;
        float value;
    } same = {bits};
    return same.value;
}

/* 2^(k / 32) * (1 + the polynomial of rest / 2^64), as a float, also below the normal ones. */
static TC_NOINLINE float tc_exp_closely(int32_t k, int64_t rest) {
    const int64_t inner = TC_EXP_C2 + tc_upper64(TC_EXP_C1 + tc_upper64(TC_EXP_C0, rest), rest);
    const int64_t root = (int64_t)tc_exp_roots[k & 31];
    uint64_t value = (uint64_t)(root + (tc_upper64(tc_upper64(inner, rest), root) >> 4));
    int32_t exponent = (k >> 5) + 127;
    if (value >> 62 == 0) {
        value <<= 1;
        --exponent;
    }
    value = (value + 512) & ~(uint64_t)1023; /* the libraries have a double here */
    const int32_t drop = exponent > 0 ? 39 : 40 - exponent;
    const uint64_t half = (uint64_t)1 << (drop - 1);
    const uint32_t kept = (uint32_t)(value >> drop);
    const uint64_t left = value & (2 * half - 1);
    const uint32_t up = left > half || (left == half && (kept & 1) != 0) ? 1 : 0;
    return tc_float_of((exponent > 0 ? (uint32_t)(exponent - 1) << 23 : 0) + kept + up);
}

static TC_INLINE float tc_exp(float x) {
    const uint32_t bits = tc_bits_of(x);
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude - 0x33000000u > 0x42b17217u - 0x33000000u) { /* not from 2^-25 to where the results leave float */
        if (magnitude < 0x33000000u) {
            return 1.0f;
        }
        if (magnitude > 0x7f800000u) {
            return x;
        }
        if (bits == magnitude) {
            return tc_float_of(0x7f800000u);
        }
        if (magnitude > 0x42cff1b4u) {
            return 0.0f;
        }
    }
    /* z times 2^50 from a mantissa of 32 bits and 32 / log(2) times 2^58 */
    const uint32_t mantissa = (bits | 0x800000u) << 8;
    const uint64_t low = (uint64_t)mantissa * 0x5c17f000u;
    const uint64_t whole = (uint64_t)mantissa * 0xb8aa3b29u + (low >> 32);
    const uint64_t scaled = whole >> (134 - (magnitude >> 23));
    const uint64_t sign = bits >> 31 ? ~(uint64_t)0 : 0;
    const uint64_t z = (scaled ^ sign) - sign;
    const int32_t upper = (int32_t)(uint32_t)(z >> 32);
    const int32_t k = (upper + (1 << 17)) >> 18;
    const int32_t rest = (int32_t)(uint32_t)(z >> 18);
    const int32_t inner = (int32_t)(TC_EXP_C1 >> 32) + tc_upper32((int32_t)(TC_EXP_C0 >> 32), rest);
    const int32_t grown = tc_upper32((int32_t)(TC_EXP_C2 >> 32) + tc_upper32(inner, rest), rest);
    const int64_t root = (int64_t)tc_exp_roots[k & 31];
    uint64_t value = (uint64_t)(root + ((int64_t)grown * (int32_t)(root >> 32) >> 4));
    int32_t exponent = (k >> 5) + 127;
    if (value >> 62 == 0) {
        value <<= 1;
        --exponent;
    }
    /* Bits 7 to 38 are dropped: near a half of them, or below the normal floats, this is too coarse. */
    const uint32_t dropped = (uint32_t)(value >> 7);
    if (dropped - 0x7fd00000u < 0x00500000u || exponent <= 0) {
        return tc_exp_closely(k, (int64_t)(z << 14));
    }
    return tc_float_of(((uint32_t)(exponent - 1) << 23) + (uint32_t)(value >> 39) + (dropped >> 31));
}

#endif

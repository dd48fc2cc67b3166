/* The square root of a float, correctly rounded, without <math.h>. */
#ifndef TC_SQRT_H
#define TC_SQRT_H

#include "tc_base.h"

static TC_NOINLINE float tc_sqrt(float x) {
    if (!(x > 0.0f) || x > 3.4028234e38f) {
        return x < 0.0f ? (x - x) / (x - x) : x; /* zeros, infinity and NaN are their own; NaN below zero */
    }
    int32_t exponent = 0; /* x = mantissa * 2^exponent, the exponent even, the mantissa in [2^24, 2^26) */
    while (x < 16777216.0f) {
        x *= 4.0f;
        exponent -= 2;
    }
    while (x >= 67108864.0f) {
        x *= 0.25f;
        exponent += 2;
    }
    uint32_t root = 0; /* floor(sqrt(mantissa * 2^24)): 25 bits, digit by digit */
    uint32_t rest = 0;
    uint32_t mantissa = (uint32_t)x;
    for (int bit = 0; bit < 25; ++bit) {
        rest = (rest << 2) | (bit < 13 ? (mantissa >> (24 - 2 * bit)) & 3u : 0u);
        root <<= 1;
        if (rest > 2u * root) {
            rest -= 2u * root + 1u;
            ++root;
        }
    }
    root = (root >> 1) + (root & 1u); /* to 24 bits; a tie cannot be, for the root would be exact */
    float result = (float)root;
    for (exponent -= 22; exponent < 0; exponent += 2) {
        result *= 0.5f;
    }
    for (; exponent > 0; exponent -= 2) {
        result *= 2.0f;
    }
    return result;
}

#endif

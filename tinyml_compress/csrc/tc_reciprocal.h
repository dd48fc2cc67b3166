/* 1 / (1 + x) in fixed point by Newton-Raphson. */
#ifndef TC_RECIPROCAL_H
#define TC_RECIPROCAL_H

#include "tc_bits.h"
#include "tc_requant.h"

/* 1 / (1 + fraction) for a Q0.31 fraction that is not below 0; Q0.31 as well. */
static TC_INLINE int32_t tc_reciprocal_of_one_plus(int32_t fraction) {
    /* (fraction + one) / 2, halves up: both are at least 0 */
    const int32_t half = (int32_t)(((uint32_t)fraction + 0x7fffffffu + 1u) >> 1);
    int32_t x = tc_add(1515870810, tc_high_mul(half, -1010580540)); /* 48/17 - 32/17 * half in Q2.29 */
    for (int i = 0; i < 3; i++) {
        const int32_t error = (int32_t)(((uint32_t)1 << 29) - (uint32_t)tc_high_mul(half, x));
        const int32_t step = tc_high_mul(x, error); /* Q4.27 */
        const int32_t limit = (1 << 29) - 1;
        const int32_t scaled = step > limit ? INT32_MAX : (step < -limit ? INT32_MIN : (int32_t)((uint32_t)step << 2));
        x = tc_add(x, scaled);
    }
    const int32_t limit = (1 << 30) - 1; /* Q2.29 halved is Q1.30; to Q0.31 */
    return x > limit ? INT32_MAX : (x < -limit ? INT32_MIN : (int32_t)((uint32_t)x << 1));
}

#endif

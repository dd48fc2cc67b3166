/* The fixed-point steps of softmax that depend on run-time values; exponentials come from a table. */
#ifndef TC_SOFTMAX_H
#define TC_SOFTMAX_H

#include "tc_requant.h"

typedef struct {
    int32_t rows;
    int32_t depth;
    int32_t entries;             /* of the table; larger differences to the row's largest value count as 0 */
    const int32_t *exponentials; /* exp(-difference) in Q0.31 */
} tc_s8_softmax;

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

/* Sum of the row's exponentials in Q12.19; `*most` is its largest value. */
static TC_INLINE int32_t tc_softmax_sum(const tc_s8_softmax *p, const int8_t *in, int32_t *most) {
    int32_t largest = -128;
    for (int32_t i = 0; i < p->depth; i++) {
        largest = in[i] > largest ? in[i] : largest;
    }
    uint32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = largest - in[i];
        if (difference < p->entries) {
            sum += (uint32_t)tc_rounding_shift_right(p->exponentials[difference], 12);
        }
    }
    *most = largest;
    return (int32_t)sum;
}

/* Newton-Raphson reciprocal: returns 1 / (the sum scaled into [1, 2)) in Q0.31; `*bits` is how many bits the sum lies
 * above one. */
static TC_INLINE int32_t tc_softmax_reciprocal(int32_t sum, int32_t *bits) {
    const int32_t zeros = tc_leading_zeros((uint32_t)sum);
    *bits = 12 - zeros;
    const int32_t fraction = (int32_t)(((uint32_t)sum << zeros) - 0x80000000u);
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

/* The fixed-point steps of softmax that depend on run-time values; exponentials come from a table. */
#ifndef TC_SOFTMAX_H
#define TC_SOFTMAX_H

#include "tc_reciprocal.h"

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
            sum += ((uint32_t)p->exponentials[difference] + 0x800u) >> 12;
        }
    }
    *most = largest;
    return (int32_t)sum;
}

/* Newton-Raphson reciprocal: returns 1 / (the sum scaled into [1, 2)) in Q0.31; `*bits` is how many bits the sum lies
 * above one. */
static TC_INLINE int32_t tc_softmax_reciprocal(int32_t sum, int32_t *bits) {
    const int32_t zeros = tc_leading_zeros((uint32_t)sum);
    TC_KNOWN(zeros < 32); /* the largest of a row counts as one */
    *bits = 12 - zeros;
    const int32_t fraction = (int32_t)(((uint32_t)sum << zeros) - 0x80000000u);
    return tc_reciprocal_of_one_plus(fraction);
}

#endif

/* Sums of two int16: the one of the larger scale comes into the sum times a power of two, the other requantized. Each
 * `half` rounds a shift whose ties go away from zero, so that negative numbers take one less. */
#ifndef TC_HALF_SUM_H
#define TC_HALF_SUM_H

#include "tc_dsp_wide.h"

/* Of a value in the upper half. */
static TC_INLINE int32_t tc_half_sum_term(const tc_half_sum_params *p, uint32_t upper) {
    const int32_t value = (int32_t)upper;
    return tc_smmlar(value, p->multiplier1, p->half1 + (value >> 31)) >> p->shift1;
}

static TC_INLINE int32_t tc_half_sum_end(const tc_half_sum_params *p, int32_t sum) {
    const int32_t doubled = (int32_t)((uint32_t)sum << 1);
    return tc_ssat16(tc_smmlar(doubled, p->multiplier, p->half + (sum >> 31)) >> p->shift);
}

#endif

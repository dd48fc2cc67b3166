/* Overlapping frames of int16, added up and saturated. */
#include "tc_overlap_add.h"

static TC_INLINE int16_t tc_s16_saturated_sum(int16_t a, int16_t b) {
    const int32_t sum = a + b;
    return (int16_t)(sum < INT16_MIN ? INT16_MIN : (sum > INT16_MAX ? INT16_MAX : sum));
}

TC_KERNEL void tc_s16_overlap_add__c(const tc_overlap_add_params *p, const int16_t *in, int16_t *sums, int16_t *out) {
    TC_OVERLAP_ADD(int16_t, tc_s16_saturated_sum)
}

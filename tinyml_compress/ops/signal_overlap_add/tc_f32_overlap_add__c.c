/* Overlapping frames of float, added up. */
#include "tc_overlap_add.h"

static TC_INLINE float tc_f32_overlap_sum(float a, float b) {
    return a + b;
}

TC_KERNEL void tc_f32_overlap_add__c(const tc_overlap_add_params *p, const float *in, float *sums, float *out) {
    TC_OVERLAP_ADD(float, tc_f32_overlap_sum)
}

/* Comparison of two quantized int8_t, either of which may be broadcast. */
#include "tc_compare.h"

static TC_INLINE int32_t tc_s8_compared(const tc_compare_scaled_params *p, int32_t x, int32_t y) {
    const int32_t scaled1 = tc_compare_scaled(x - p->zero_point1, p->multiplier1, p->shift1);
    const int32_t scaled2 = tc_compare_scaled(y - p->zero_point2, p->multiplier2, p->shift2);
    return scaled1 < scaled2 ? p->less : (scaled1 == scaled2 ? p->equal : p->greater);
}

TC_KERNEL void tc_s8_compare__c(const tc_compare_scaled_params *p, const int8_t *in1, const int8_t *in2, uint8_t *out) {
    TC_BROADCAST(int8_t, int8_t, (uint8_t)tc_s8_compared(p, x, y));
}

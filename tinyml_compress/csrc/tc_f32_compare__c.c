/* Comparison of two float, either of which may be broadcast. */
#include "tc_compare.h"

TC_KERNEL void tc_f32_compare__c(const tc_compare_params *p, const float *in1, const float *in2, uint8_t *out) {
    TC_BROADCAST(float, float, (uint8_t)TC_COMPARED(x, y));
}

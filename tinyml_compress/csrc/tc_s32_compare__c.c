/* Comparison of two int32_t, either of which may be broadcast. */
#include "tc_compare.h"

TC_KERNEL void tc_s32_compare__c(const tc_compare_params *p, const int32_t *in1, const int32_t *in2, uint8_t *out) {
    TC_BROADCAST(int32_t, int32_t, (uint8_t)TC_COMPARED(x, y));
}

/* Comparison of two int64_t, either of which may be broadcast. */
#include "tc_compare.h"

TC_KERNEL void tc_s64_compare__c(const tc_compare_params *p, const int64_t *in1, const int64_t *in2, uint8_t *out) {
    TC_BROADCAST(int64_t, int64_t, (uint8_t)TC_COMPARED(x, y));
}

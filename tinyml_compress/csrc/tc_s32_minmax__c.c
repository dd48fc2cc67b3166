/* The smaller or the larger of two int32_t, either of which may be broadcast. */
#include "tc_broadcast.h"

TC_KERNEL void tc_s32_minmax__c(const tc_minmax_params *p, const int32_t *in1, const int32_t *in2, int32_t *out) {
    TC_BROADCAST(int32_t, int32_t, (p->larger ? x > y : x < y) ? x : y);
}

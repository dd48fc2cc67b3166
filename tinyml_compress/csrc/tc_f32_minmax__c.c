/* The smaller or the larger of two float, either of which may be broadcast. */
#include "tc_broadcast.h"

TC_KERNEL void tc_f32_minmax__c(const tc_minmax_params *p, const float *in1, const float *in2, float *out) {
    TC_BROADCAST(float, float, (p->larger ? x > y : x < y) ? x : y);
}

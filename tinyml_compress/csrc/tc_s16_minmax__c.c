/* The smaller or the larger of two int16_t, either of which may be broadcast. */
#include "tc_broadcast.h"

TC_KERNEL void tc_s16_minmax__c(const tc_minmax_params *p, const int16_t *in1, const int16_t *in2, int16_t *out) {
    TC_BROADCAST(int16_t, int16_t, (p->larger ? x > y : x < y) ? x : y);
}

/* The smaller or the larger of two int8_t, either of which may be broadcast. */
#include "tc_broadcast.h"

TC_KERNEL void tc_s8_minmax__c(const tc_minmax_params *p, const int8_t *in1, const int8_t *in2, int8_t *out) {
    TC_BROADCAST(int8_t, int8_t, (p->larger ? x > y : x < y) ? x : y);
}

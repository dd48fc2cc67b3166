/* The smaller or the larger of two int64_t, either of which may be broadcast. */
#include "tc_broadcast.h"

TC_KERNEL void tc_s64_minmax__c(const tc_minmax_params *p, const int64_t *in1, const int64_t *in2, int64_t *out) {
    TC_BROADCAST(int64_t, int64_t, (p->larger ? x > y : x < y) ? x : y);
}

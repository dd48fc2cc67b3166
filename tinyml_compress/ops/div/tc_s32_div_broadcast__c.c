/* Quotient of two int32 tensors, either of which may be broadcast. */
#include "tc_div.h"

TC_KERNEL void tc_s32_div_broadcast__c(const tc_s32_broadcast_params *p, const int32_t *in1, const int32_t *in2,
                                       int32_t *out) {
    TC_BROADCAST(int32_t, int32_t, tc_s32_clamp(tc_s32_quotient(x, y), p->low, p->high));
}

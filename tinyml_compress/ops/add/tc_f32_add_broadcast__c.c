/* Sum of two float tensors, either of which may be broadcast. */
#include "tc_broadcast.h"

TC_KERNEL void tc_f32_add_broadcast__c(const tc_f32_broadcast_params *p, const float *in1, const float *in2,
                                       float *out) {
    TC_BROADCAST(float, float, tc_f32_clamp(x + y, p->low, p->high));
}

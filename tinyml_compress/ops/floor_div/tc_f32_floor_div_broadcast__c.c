/* Quotient of two float tensors, rounded down; either of them may be broadcast. */
#include "tc_broadcast.h"
#include "tc_whole.h"

TC_KERNEL void tc_f32_floor_div_broadcast__c(const tc_broadcast_params *p, const float *in1, const float *in2,
                                             float *out) {
    TC_BROADCAST(float, float, tc_floor(x / y));
}

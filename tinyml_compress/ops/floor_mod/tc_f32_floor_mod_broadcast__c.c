/* Remainder of two float tensors whose quotient is rounded down; either of them may be broadcast. */
#include "tc_floor_mod.h"

TC_KERNEL void tc_f32_floor_mod_broadcast__c(const tc_broadcast_params *p, const float *in1, const float *in2,
                                             float *out) {
    TC_BROADCAST(float, float, tc_floor_mod(x, y));
}

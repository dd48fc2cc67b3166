/* Parametric ReLU of a float tensor; alpha may be broadcast. */
#include "tc_broadcast.h"

TC_KERNEL void tc_f32_prelu_broadcast__c(const tc_broadcast_params *p, const float *in1, const float *in2, float *out) {
    TC_BROADCAST(float, float, x >= 0.0f ? x : x * y);
}

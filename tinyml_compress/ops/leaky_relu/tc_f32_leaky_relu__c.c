/* Leaky ReLU of float. */
#include "tc_requant.h"

TC_KERNEL void tc_f32_leaky_relu__c(const tc_f32_leaky_relu_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = in[i] > 0.0f ? in[i] : in[i] * p->alpha;
    }
}

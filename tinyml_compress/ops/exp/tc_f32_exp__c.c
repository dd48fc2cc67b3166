/* Exponential. */
#include "tc_base.h"
#include "tc_float_math.h"

TC_KERNEL void tc_f32_exp__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = tc_exp(in[i]);
    }
}

/* Logarithm of the softmax over the last axis, in float. Output may lie over input. */
#include "tc_float_math.h"

TC_KERNEL void tc_f32_log_softmax__c(const tc_f32_log_softmax *p, const float *in, float *out) {
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        float most = -3.40282347e+38f;
        for (int32_t i = 0; i < p->depth; i++) {
            most = most < in[i] ? in[i] : most;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < p->depth; i++) {
            sum += tc_exp(in[i] - most);
        }
        const float log_sum = tc_log(sum);
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = in[i] - most - log_sum;
        }
    }
}

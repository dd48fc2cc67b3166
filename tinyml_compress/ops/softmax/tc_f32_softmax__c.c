/* Softmax over the last axis of floats. Output may lie over input. */
#include "tc_float_math.h"

TC_KERNEL void tc_f32_softmax__c(const tc_f32_softmax *p, const float *in, float *out) {
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        float most = -3.402823466e+38f;
        for (int32_t i = 0; i < p->depth; i++) {
            most = most < in[i] ? in[i] : most;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < p->depth; i++) {
            const float grown = tc_exp((in[i] - most) * p->beta);
            out[i] = grown;
            sum += grown;
        }
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] /= sum;
        }
    }
}

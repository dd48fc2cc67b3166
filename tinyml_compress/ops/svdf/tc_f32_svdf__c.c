/* SVDF of floats. A product and its sum stand in statements of their own: compilers must not contract them. */
#include "tc_bounded.h"

TC_KERNEL void tc_f32_svdf__c(const tc_f32_svdf_params *p, const float *in, float *state, float *out) {
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {
        const float *feature = p->feature;
        const float *time = p->time;
        for (int32_t u = 0; u < p->units; u++) {
            float sum = p->bias[u];
            for (int32_t r = 0; r < p->rank; r++) {
                float made = 0.0f;
                float weighed = 0.0f;
                for (int32_t i = 0; i < p->in_c; i++) {
                    const float product = *feature++ * in[i];
                    made += product;
                }
                for (int32_t i = p->memory - 1; i > 0; i--, state++) {
                    state[0] = state[1];
                    const float product = *time++ * state[0];
                    weighed += product;
                }
                *state = made;
                const float newest = *time++ * *state++;
                weighed += newest;
                sum += weighed;
            }
            *out++ = tc_f32_bounded(sum, p->low, p->high);
        }
    }
}

/* Float fully-connected layer, in the order of its sums. Weights lie as in the file, [out][in]. */
#include "tc_fully_connected.h"

TC_KERNEL void tc_f32_fully_connected__c(const tc_f32_fully_connected *p, const float *in, float *out) {
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {
        const float *w = p->weights;
        for (int32_t c = 0; c < p->out_c; c++) {
            float acc = 0.0f;
            for (int32_t i = 0; i < p->in_c; i++) {
                const float product = in[i] * *w++;
                acc += product;
            }
            *out++ = tc_f32_bounded(acc + p->bias[c], p->act_min, p->act_max);
        }
    }
}

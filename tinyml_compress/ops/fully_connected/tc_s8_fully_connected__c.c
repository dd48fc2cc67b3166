/* Fully-connected layer, one output after the other. Weights lie as in the file, [out][in]; a channel is
 * {bias with the input's zero point folded in, multiplier, shift}. */
#include "tc_fully_connected.h"

TC_KERNEL void tc_s8_fully_connected__c(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out) {
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {
        const int8_t *w = p->weights;
        for (int32_t c = 0; c < p->out_c; c++) {
            uint32_t acc = 0;
            for (int32_t i = 0; i < p->in_c; i++) {
                acc += (uint32_t)(in[i] * *w++);
            }
            *out++ = tc_s8_finish((int32_t)acc, p->channels + 3 * c, p->out_zero, p->act_min, p->act_max);
        }
    }
}

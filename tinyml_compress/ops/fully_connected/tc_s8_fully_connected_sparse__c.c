/* Fully-connected layer in plain C that touches only weights that are not zero: each is a byte behind a byte that says
 * how many inputs to step on. A channel is {bias with the input's zero point folded in, multiplier, shift, number of
 * weights}. */
#include "tc_fully_connected.h"

TC_KERNEL void tc_s8_fully_connected_sparse__c(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out) {
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        for (int32_t c = 0; c < p->out_c; c++, channel += 4) {
            const int8_t *end = w + 2 * channel[3];
            const int8_t *at = in;
            uint32_t acc = 0;
            for (; w != end; w += 2) {
                at += (uint8_t)w[0];
                acc += (uint32_t)(*at * w[1]);
            }
            *out++ = tc_s8_finish((int32_t)acc, channel, p->out_zero, p->act_min, p->act_max);
        }
    }
}

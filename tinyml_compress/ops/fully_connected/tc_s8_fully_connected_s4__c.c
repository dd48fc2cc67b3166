/* Fully-connected layer of int8 by packed int4 weights: each row starts at a byte, low half first; a channel is {bias
 * with the input's zero point folded in, multiplier, shift}. */
#include "tc_fully_connected.h"
#include "tc_int4.h"

TC_KERNEL void tc_s8_fully_connected_s4__c(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out) {
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {
        const uint8_t *w = (const uint8_t *)p->weights;
        for (int32_t c = 0; c < p->out_c; c++) {
            uint32_t acc = 0;
            int32_t i = 0;
            for (; i + 1 < p->in_c; i += 2, w++) {
                acc += (uint32_t)(in[i] * tc_low4(*w) + in[i + 1] * tc_high4(*w));
            }
            if (i < p->in_c) {
                acc += (uint32_t)(in[i] * tc_low4(*w++));
            }
            *out++ = tc_s8_finish((int32_t)acc, p->channels + 3 * c, p->out_zero, p->act_min, p->act_max);
        }
    }
}

/* Fully-connected layer, eight outputs at a time; weights lie as tc_halves.h says, outputs come in eights. A channel is
 * {bias with the input's zero point folded in, multiplier, shift}. */
#include "tc_fully_connected.h"
#include "tc_halves.h"

TC_HALVES(tc_fc_halves, int8_t, "sxtb r2, r2\n")

TC_KERNEL void tc_s8_fully_connected_halves__c(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out) {
    for (int32_t b = p->batch; b > 0; b--, in += p->in_c) {
        const uint8_t *w = (const uint8_t *)p->weights;
        const int32_t *channel = p->channels;
        int32_t excess = 0;
        for (int32_t i = 0; i < p->in_c; i++) {
            excess += in[i];
        }
        excess *= 128;
        for (int32_t left = p->out_c; left > 0; left -= 8) {
            int32_t sums[8];
            w = tc_fc_halves(in, w, p->in_c, sums);
            for (int i = 0; i < 8; i++, channel += 3) {
                const int32_t sum = i % 2 ? sums[i] - excess : sums[i];
                *out++ = tc_s8_finish(sum, channel, p->out_zero, p->act_min, p->act_max);
            }
        }
    }
}

/* Fully-connected layer in plain C whose weights are zero in blocks of four outputs by one input: only the other blocks
 * are stored, by fours: four bytes that say how many inputs to step on, then of each two blocks the weights of outputs
 * A, B of one and the other, and those of C, D. A channel is {bias with the input's zero point folded in, multiplier,
 * shift}; outputs come in fours, before whose blocks four bytes say how many fours of these there are. */
#include "tc_fully_connected.h"

TC_KERNEL void tc_s8_fully_connected_blocks__c(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out) {
    for (int32_t batch = 0; batch < p->batch; batch++, in += p->in_c) {
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        for (int32_t left = p->out_c; left > 0; left -= 4) {
            const int8_t *at = in;
            int32_t sums[4] = {0, 0, 0, 0};
            int32_t fours = (uint8_t)w[0] | (int32_t)(uint8_t)w[1] << 8;
            for (w += 4; fours > 0; fours--, w += 20) {
                const int8_t *blocks = w + 4;
                for (int32_t i = 0; i < 4; i++, blocks += i == 2 ? 6 : 2) {
                    at += (uint8_t)w[i];
                    const int32_t value = *at;
                    sums[0] += value * blocks[0];
                    sums[1] += value * blocks[1];
                    sums[2] += value * blocks[4];
                    sums[3] += value * blocks[5];
                }
            }
            for (int32_t i = 0; i < 4; i++, channel += 3) {
                *out++ = tc_s8_finish(sums[i], channel, p->out_zero, p->act_min, p->act_max);
            }
        }
    }
}

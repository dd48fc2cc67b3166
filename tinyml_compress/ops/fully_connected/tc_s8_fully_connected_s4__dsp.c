/* Fully-connected layer of int8 by packed int4 weights on SMLAD. A word holds eight weights of a row, which stay where
 * they lie in their bytes: times 16, as are the sums. A channel is {bias, multiplier, half, shift}. */
#include "tc_fc_widen.h"
#include "tc_fully_connected.h"

static TC_INLINE int32_t tc_fc_step4(uint32_t word, const uint32_t *values, int32_t sum) {
    sum = tc_smlad(tc_sxtb16(word), values[0], sum);
    return tc_smlad(tc_sxtb16_odd(word), values[1], sum);
}

TC_KERNEL void tc_s8_fully_connected_s4__dsp(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out,
                                             void *scratch) {
    uint32_t *values = (uint32_t *)scratch;
    const int32_t words = (p->in_c + 7) / 8;
    values[4 * words - 2] = 0;
    values[4 * words - 1] = 0;
    for (int32_t b = p->batch; b > 0; b--) {
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        in = tc_fc_widen(values, in, p->in_c);
        for (int32_t c = p->out_c; c > 0; c--, channel += 4) {
            const uint32_t *at = values;
            int32_t sum = 0;
            for (int32_t left = words; left > 0; left--, w += 4, at += 4) {
                const uint32_t word = tc_load32(w);
                sum = tc_fc_step4(word << 4 & 0xf0f0f0f0u, at, sum);
                sum = tc_fc_step4(word & 0xf0f0f0f0u, at + 2, sum);
            }
            *out++ = tc_fast_finish(channel[0] + (sum >> 4), channel);
        }
    }
}

/* Depthwise convolution along one axis: the taps lie one behind the other and the output is one pixel wide, as where
 * frames of time have channels alone. Four channels at a time, nothing is gathered: a word of values and a word of
 * weights give four products. Each output byte lies where its own channel's values were read: output may lie exactly
 * over input. */
#include "tc_dsp.h"

TC_KERNEL void tc_s8_depthwise_conv_2d_column__dsp(const tc_s8_depthwise_column *p, const int8_t *in, int8_t *out) {
    const int32_t channels = p->in_c;
    const int32_t step = p->tap_step;
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        for (int32_t c = 0; c < channels; c += 4) {
            int32_t fast[16];
            for (int32_t i = 0; i < 4; i++) {
                tc_fast_unpack(p->channels + 2 * (c + i), p->out_zero, fast + 4 * i);
            }
            const int8_t *row = in + c;
            int8_t *to = out + c;
            for (int32_t left = p->out_rows; left > 0; left--, row += p->row_step, to += channels) {
                const int8_t *from = row;
                const int8_t *w = p->weights + c;
                int32_t sum0 = fast[0];
                int32_t sum1 = fast[4];
                int32_t sum2 = fast[8];
                int32_t sum3 = fast[12];
                for (int32_t tap = p->taps; tap > 0; tap--, from += step, w += channels) {
                    const uint32_t values = tc_load32(from);
                    const uint32_t weights = tc_load32(w);
                    const uint32_t even = tc_sxtb16(values);
                    const uint32_t even_w = tc_sxtb16(weights);
                    const uint32_t odd = tc_sxtb16_odd(values);
                    const uint32_t odd_w = tc_sxtb16_odd(weights);
                    sum0 = tc_smlabb(even, even_w, sum0);
                    sum2 = tc_smlatt(even, even_w, sum2);
                    sum1 = tc_smlabb(odd, odd_w, sum1);
                    sum3 = tc_smlatt(odd, odd_w, sum3);
                }
                to[0] = tc_fast_finish(sum0, fast);
                to[1] = tc_fast_finish(sum1, fast + 4);
                to[2] = tc_fast_finish(sum2, fast + 8);
                to[3] = tc_fast_finish(sum3, fast + 12);
            }
        }
    }
}

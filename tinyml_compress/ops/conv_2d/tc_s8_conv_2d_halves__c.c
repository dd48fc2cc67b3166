/* Convolution in plain C: a window is copied into one row of bytes, values plus 128, which eight output channels at a
 * time read; their weights lie as tc_halves.h says, channels come in eights. With v = value + 128, sum(value * weight)
 * = sum(v * weight) - 128 * sum(weight): the last term is part of the bias. Taps outside the image hold the zero point.
 * Scratch: one window. Output may run over input that no later pixel reads. */
#include "tc_conv_window_row.h"
#include "tc_halves.h"

TC_HALVES(tc_conv_halves, uint8_t, "")

TC_KERNEL void tc_s8_conv_2d_halves__c(const tc_s8_conv_rows *p, const int8_t *in, int8_t *out, void *scratch) {
    uint8_t *row = (uint8_t *)scratch;
    for (int32_t b = p->window.batch; b > 0; b--, in += p->window.in_h * p->window.in_w * p->window.in_c) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            for (int32_t x = 0; x < p->window.out_w; x++) {
                const int32_t excess = (int32_t)(tc_conv_window_row(p, in, y, x, row) << 7);
                const uint8_t *w = p->weights;
                const int32_t *channel = p->channels;
                for (int32_t left = p->window.out_c; left > 0; left -= 8) {
                    int32_t sums[8];
                    w = tc_conv_halves(row, w, p->depth, sums);
                    for (int i = 0; i < 8; i++, channel += 3) {
                        const int32_t sum = i % 2 ? sums[i] - excess : sums[i];
                        *out++ = tc_s8_finish(sum, channel, p->out_zero, p->act_min, p->act_max);
                    }
                }
            }
        }
    }
}

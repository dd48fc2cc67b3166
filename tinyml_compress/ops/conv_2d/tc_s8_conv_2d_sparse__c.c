/* Convolution in plain C that touches only weights that are not zero, each for four pixels: a byte behind a byte that
 * says how many values of the window to step on. Values are stored plus 128, which the bias expects. A channel's fourth
 * number counts its weights. Scratch: four windows, each padded to words. Output may run over input that no later four
 * pixels read. */
#include "tc_conv_window_row.h"

/* One channel's sums of four pixels, whose windows lie `depth` bytes apart; returns the weights behind. */
static TC_NOINLINE const uint8_t *tc_conv_sparse_four(const uint8_t *at, int32_t depth, const uint8_t *weights,
                                                      int32_t count, int32_t sums[4]) {
    const uint8_t *end = weights + 2 * count;
    int32_t a = 0;
    int32_t b = 0;
    int32_t c = 0;
    int32_t d = 0;
    for (; weights != end; weights += 2) {
        const int32_t weight = (int8_t)weights[1];
        at += weights[0];
        const uint8_t *value = at;
        a += *value * weight;
        value += depth;
        b += *value * weight;
        value += depth;
        c += *value * weight;
        value += depth;
        d += *value * weight;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    return weights;
}

TC_KERNEL void tc_s8_conv_2d_sparse__c(const tc_s8_conv_rows *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = (p->depth + 3) / 4 * 4;
    uint8_t *rows = (uint8_t *)scratch;
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t left = p->window.batch * p->window.out_h * p->window.out_w; left > 0; left -= 4) {
        const int32_t count = left < 4 ? left : 4;
        for (int32_t k = 0; k < 4; k++) {
            (void)tc_conv_window_row(p, in, y, x, rows + k * depth);
            /* pixels that are not there repeat the last one */
            if (k + 1 < count || k == 3) {
                if (++x == p->window.out_w) {
                    x = 0;
                    if (++y == p->window.out_h) {
                        y = 0;
                        in += p->window.in_h * p->window.in_w * p->window.in_c;
                    }
                }
            }
        }
        const uint8_t *weights = p->weights;
        const int32_t *channel = p->channels;
        for (int32_t c = 0; c < p->window.out_c; c++, channel += 4) {
            int32_t sums[4];
            weights = tc_conv_sparse_four(rows, depth, weights, channel[3], sums);
            for (int32_t k = 0; k < count; k++) {
                out[k * p->window.out_c + c] = tc_s8_finish(sums[k], channel, p->out_zero, p->act_min, p->act_max);
            }
        }
        out += 4 * p->window.out_c;
    }
}

/* Convolution tap by tap: takes every node, needs no scratch. Weights lie as in the file, [out][y][x][in];
 * a channel is {bias, multiplier, shift}. Output may run over input that no later window reads. */
#include "tc_conv_taps.h"

TC_KERNEL void tc_s8_conv_2d__c(const tc_s8_conv *p, const int8_t *in, int8_t *out) {
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    const int32_t filter = p->window.kernel_h * p->window.kernel_w * p->group_in;
    for (int32_t b = 0; b < p->window.batch; b++, in += image) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            for (int32_t x = 0; x < p->window.out_w; x++) {
                const int8_t *w = p->weights;
                const int32_t *channel = p->channels;
                for (int32_t first = 0; first < p->window.in_c; first += p->group_in) {
                    for (int32_t c = p->group_out; c > 0; c--, w += filter, channel += 3) {
                        const uint32_t acc = tc_conv_taps(p, in + first, w, y * p->window.stride_h - p->window.pad_top,
                                                          x * p->window.stride_w - p->window.pad_left);
                        *out++ = tc_s8_finish((int32_t)acc, channel, p->out_zero, p->act_min, p->act_max);
                    }
                }
            }
        }
    }
}

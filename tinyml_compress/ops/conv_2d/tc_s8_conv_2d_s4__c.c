/* Convolution of int8 by packed int4 weights: one filter after the other is unpacked into scratch and runs over all
 * pixels. Each filter starts at a byte, [y][x][in], low half first; a channel is {bias, multiplier, shift}. */
#include "tc_conv_taps.h"
#include "tc_int4.h"

TC_KERNEL void tc_s8_conv_2d_s4__c(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    int8_t *filter = (int8_t *)scratch;
    const int32_t taps = p->window.kernel_h * p->window.kernel_w * p->group_in;
    const uint8_t *weights = (const uint8_t *)p->weights;
    const int32_t *channel = p->channels;
    for (int32_t c = 0; c < p->window.out_c; c++, weights += (taps + 1) / 2, channel += 3) {
        const int8_t *from = in + c / p->group_out * p->group_in;
        int8_t *to = out + c;
        tc_unpack4(filter, weights, taps);
        for (int32_t b = 0; b < p->window.batch; b++, from += p->window.in_h * p->window.in_w * p->window.in_c) {
            for (int32_t y = 0; y < p->window.out_h; y++) {
                for (int32_t x = 0; x < p->window.out_w; x++, to += p->window.out_c) {
                    const uint32_t acc = tc_conv_taps(p, from, filter, y * p->window.stride_h - p->window.pad_top,
                                                      x * p->window.stride_w - p->window.pad_left);
                    *to = tc_s8_finish((int32_t)acc, channel, p->out_zero, p->act_min, p->act_max);
                }
            }
        }
    }
}

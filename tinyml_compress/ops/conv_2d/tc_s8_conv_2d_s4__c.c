/* Convolution of int8 by packed int4 weights: one filter after the other is unpacked into scratch and runs over all
 * pixels. Each filter starts at a byte, [y][x][in], low half first; a channel is {bias, multiplier, shift}. */
#include "tc_conv_taps.h"
#include "tc_int4.h"

TC_KERNEL void tc_s8_conv_2d_s4__c(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    int8_t *filter = (int8_t *)scratch;
    const int32_t taps = p->kernel_h * p->kernel_w * p->group_in;
    const uint8_t *weights = (const uint8_t *)p->weights;
    const int32_t *channel = p->channels;
    for (int32_t c = 0; c < p->out_c; c++, weights += (taps + 1) / 2, channel += 3) {
        const int8_t *from = in + c / p->group_out * p->group_in;
        int8_t *to = out + c;
        tc_unpack4(filter, weights, taps);
        for (int32_t b = 0; b < p->batch; b++, from += p->in_h * p->in_w * p->in_c) {
            for (int32_t y = 0; y < p->out_h; y++) {
                for (int32_t x = 0; x < p->out_w; x++, to += p->out_c) {
                    const uint32_t acc =
                        tc_conv_taps(p, from, filter, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left);
                    *to = tc_s8_finish((int32_t)acc, channel, p->out_zero, p->act_min, p->act_max);
                }
            }
        }
    }
}

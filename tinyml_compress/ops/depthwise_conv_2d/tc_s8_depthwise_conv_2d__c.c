/* Depthwise convolution tap by tap: takes every node, needs no scratch. Weights lie as in the file, [y][x][out];
 * a channel is {bias, multiplier, shift}. Output may run over input that no later window reads. */
#include "tc_conv.h"

TC_KERNEL void tc_s8_depthwise_conv_2d__c(const tc_s8_conv *p, const int8_t *in, int8_t *out) {
    const int32_t image = p->in_h * p->in_w * p->in_c;
    for (int32_t b = 0; b < p->batch; b++, in += image) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t x = 0; x < p->out_w; x++) {
                const int32_t top = y * p->stride_h - p->pad_top;
                const int32_t left = x * p->stride_w - p->pad_left;
                for (int32_t c = 0; c < p->out_c; c++) {
                    const int8_t *w = p->weights + c;
                    const int8_t *plane = in + c / p->group_out;
                    uint32_t acc = 0;
                    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
                        const int32_t in_y = top + ky * p->dilation_h;
                        for (int32_t kx = 0; kx < p->kernel_w; kx++, w += p->out_c) {
                            const int32_t in_x = left + kx * p->dilation_w;
                            if (in_y >= 0 && in_y < p->in_h && in_x >= 0 && in_x < p->in_w) {
                                acc += (uint32_t)((plane[(in_y * p->in_w + in_x) * p->in_c] - p->in_zero) * *w);
                            }
                        }
                    }
                    *out++ = tc_s8_finish((int32_t)acc, p->channels + 3 * c, p->out_zero, p->act_min, p->act_max);
                }
            }
        }
    }
}

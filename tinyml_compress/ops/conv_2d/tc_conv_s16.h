/* Convolution of int16 by int8, tap by tap. */
#ifndef TC_CONV_S16_H
#define TC_CONV_S16_H

#include "tc_conv_wide.h"

/* One output; taps outside the image count as 0, the zero point. */
static TC_INLINE int64_t tc_s16_conv_taps(const tc_s8_conv *p, const int16_t *in, const int8_t *w, int32_t top,
                                          int32_t left) {
    int64_t acc = 0;
    for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
        const int32_t y = top + ky * p->window.dilation_h;
        for (int32_t kx = 0; kx < p->window.kernel_w; kx++, w += p->group_in) {
            const int32_t x = left + kx * p->window.dilation_w;
            if (y < 0 || y >= p->window.in_h || x < 0 || x >= p->window.in_w) {
                continue;
            }
            const int16_t *pixel = in + (y * p->window.in_w + x) * p->window.in_c;
            for (int32_t i = 0; i < p->group_in; i++) {
                acc += pixel[i] * w[i];
            }
        }
    }
    return acc;
}

static TC_INLINE void tc_s16_conv_walk(const tc_s8_conv *p, const int16_t *in, int16_t *out, int narrow) {
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    const int32_t filter = p->window.kernel_h * p->window.kernel_w * p->group_in;
    for (int32_t b = 0; b < p->window.batch; b++, in += image) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            for (int32_t x = 0; x < p->window.out_w; x++) {
                const int8_t *w = p->weights;
                const int32_t *channel = p->channels;
                for (int32_t first = 0; first < p->window.in_c; first += p->group_in) {
                    for (int32_t c = p->group_out; c > 0; c--, w += filter, channel += 3) {
                        const int64_t acc =
                            tc_s16_conv_taps(p, in + first, w, y * p->window.stride_h - p->window.pad_top,
                                             x * p->window.stride_w - p->window.pad_left);
                        *out++ = tc_s16_end(acc, channel, p->act_min, p->act_max, narrow);
                    }
                }
            }
        }
    }
}

#endif

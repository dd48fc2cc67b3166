/* One output of an int8 convolution, tap by tap. */
#ifndef TC_CONV_TAPS_H
#define TC_CONV_TAPS_H

#include "tc_conv.h"

/* One output: taps outside the image are skipped, so the zero point is subtracted here. */
static TC_INLINE uint32_t tc_conv_taps(const tc_s8_conv *p, const int8_t *in, const int8_t *w, int32_t top,
                                       int32_t left) {
    uint32_t acc = 0;
    for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
        const int32_t y = top + ky * p->window.dilation_h;
        for (int32_t kx = 0; kx < p->window.kernel_w; kx++, w += p->group_in) {
            const int32_t x = left + kx * p->window.dilation_w;
            if (y < 0 || y >= p->window.in_h || x < 0 || x >= p->window.in_w) {
                continue;
            }
            const int8_t *pixel = in + (y * p->window.in_w + x) * p->window.in_c;
            for (int32_t i = 0; i < p->group_in; i++) {
                acc += (uint32_t)((pixel[i] - p->in_zero) * w[i]);
            }
        }
    }
    return acc;
}

#endif

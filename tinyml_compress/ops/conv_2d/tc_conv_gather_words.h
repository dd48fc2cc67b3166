/* Convolution for input channels in fours. The windows of four output pixels become 16-bit pairs, pixels side by side
 * (values 0 and 2 of each four, then 1 and 3, as SXTB16 gives them), and all output channels read these. Taps outside
 * the image hold the zero point, which the bias expects. Scratch: 16 bytes per pair of values of one window,
 * channel parameters where these are packed, one pixel of zero points. Output may run over input that no later block of
 * pixels reads. */
#ifndef TC_CONV_GATHER_WORDS_H
#define TC_CONV_GATHER_WORDS_H

#include "tc_conv_pixels.h"
#include "tc_conv_widen.h"

static TC_NOINLINE void tc_conv_gather(const tc_s8_conv_block *p, const tc_conv_at at[4], const int8_t *zeros,
                                       uint32_t *to) {
    const int32_t line = p->window.in_w * p->window.in_c;
    const int32_t reach = (p->window.kernel_w - 1) * p->window.dilation_w;
    const int8_t *origin[4];
    int32_t top[4];
    int32_t left[4];
    int inside = 1;
    for (int i = 0; i < 4; i++) {
        top[i] = at[i].y * p->window.stride_h - p->window.pad_top;
        left[i] = at[i].x * p->window.stride_w - p->window.pad_left;
        inside &= left[i] >= 0 && left[i] + reach < p->window.in_w && top[i] == top[0];
        origin[i] = at[i].image;
    }
    const int whole = inside && p->window.dilation_w == 1; /* a line of taps is one run */
    const int32_t runs = whole ? 1 : p->window.kernel_w;
    const int32_t words = (whole ? p->window.kernel_w : 1) * p->window.in_c / 4;
    for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
        for (int32_t run = 0; run < runs; run++) {
            const int8_t *from[4];
            for (int i = 0; i < 4; i++) {
                const int32_t y = top[i] + ky * p->window.dilation_h;
                const int32_t x = left[i] + run * p->window.dilation_w;
                const int there = (uint32_t)y < (uint32_t)p->window.in_h && (uint32_t)x < (uint32_t)p->window.in_w;
                from[i] = there ? origin[i] + y * line + x * p->window.in_c : zeros;
            }
            if (whole && from[0] == zeros) {
                for (int32_t kx = 0; kx < p->window.kernel_w; kx++) {
                    to = tc_conv_widen(to, from, p->window.in_c / 4);
                }
                continue;
            }
            to = tc_conv_widen(to, from, words);
        }
    }
}

/* Whether the windows are the input's pixels, one after the other. */
static TC_INLINE int tc_conv_in_order(const tc_s8_conv_block *p) {
    return p->window.kernel_h * p->window.kernel_w == 1 && p->window.stride_h * p->window.stride_w == 1 &&
           p->window.pad_top == 0 && p->window.pad_left == 0 && p->window.out_h == p->window.in_h &&
           p->window.out_w == p->window.in_w;
}

static TC_INLINE void tc_conv_words(const tc_s8_conv_block *p, const int8_t *weights, const int8_t *in, int8_t *out,
                                    void *scratch, tc_conv_block block, int scaled) {
    uint32_t *values = (uint32_t *)scratch;
    int8_t *zeros;
    const int32_t *channels = tc_conv_channels(p, (int32_t *)scratch + 4 * p->depth_pairs, &zeros, scaled);
    const int in_order = tc_conv_in_order(p);
    tc_conv_at at[4] = {{in, 0, 0}, {in, 0, 0}, {in, 0, 0}, {in, 0, 0}};
    int32_t left = p->window.batch * p->window.out_h * p->window.out_w;
    for (int32_t c = 0; c < p->window.in_c; c++) {
        zeros[c] = (int8_t)p->in_zero;
    }
    for (; left > 0; left -= 4) {
        const int32_t count = left < 4 ? left : 4;
        if (in_order) {
            const int8_t *from[4];
            for (int32_t i = 0; i < 4; i++) {
                from[i] = in;
                in += i + 1 < count ? p->window.in_c : 0;
            }
            in += p->window.in_c;
            tc_conv_widen(values, from, p->window.in_c / 4);
        } else {
            for (int32_t i = 1; i < count; i++) {
                at[i] = at[i - 1];
                tc_conv_next(p, &at[i]);
            }
            tc_conv_gather(p, at, zeros, values);
            at[0] = at[count - 1];
            tc_conv_next(p, &at[0]);
        }
        tc_conv_run(p, weights, values, channels, out, count, block);
        out += 4 * p->window.out_c;
    }
}

#endif

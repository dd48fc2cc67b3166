/* Convolution on vectors of RISC-V: four windows by sixteen output channels. Of each sixteen channels and two values of
 * a window the weights lie side by side, the first value's first; a channel is {bias, multiplier, shift}. Windows that
 * are pixels of an even number of channels are read in place, others are copied to scratch, zero point outside. */
#include "tc_rvv.h"

static TC_INLINE void tc_rvv_window(const tc_s8_conv *p, const int8_t *image, int32_t top, int32_t left, int8_t *to) {
    const size_t pixel = (size_t)p->window.in_c;
    for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
        const int32_t y = top + ky * p->window.dilation_h;
        for (int32_t kx = 0; kx < p->window.kernel_w; kx++, to += pixel) {
            const int32_t x = left + kx * p->window.dilation_w;
            if (y < 0 || y >= p->window.in_h || x < 0 || x >= p->window.in_w) {
                TC_MEMSET(to, p->in_zero, pixel);
            } else {
                TC_MEMCPY(to, image + (y * p->window.in_w + x) * p->window.in_c, pixel);
            }
        }
    }
}

/* The same where its rows lie in the image whole. */
static TC_INLINE void tc_rvv_whole_window(const tc_s8_conv *p, const int8_t *from, int8_t *to) {
    const size_t run = (size_t)(p->window.kernel_w * p->window.in_c);
    for (int32_t ky = p->window.kernel_h; ky > 0; ky--, to += run) {
        TC_MEMCPY(to, from, run);
        from += p->window.dilation_h * p->window.in_w * p->window.in_c;
    }
}

static TC_INLINE void tc_rvv_gather(const tc_s8_conv *p, const int8_t *image, int32_t y, int32_t x, int8_t *to) {
    const int32_t top = y * p->window.stride_h - p->window.pad_top;
    const int32_t left = x * p->window.stride_w - p->window.pad_left;
    if (p->window.dilation_w == 1 && top >= 0 && left >= 0 && left + p->window.kernel_w <= p->window.in_w &&
        top + (p->window.kernel_h - 1) * p->window.dilation_h < p->window.in_h) {
        tc_rvv_whole_window(p, image + (top * p->window.in_w + left) * p->window.in_c, to);
    } else {
        tc_rvv_window(p, image, top, left, to);
    }
}

TC_KERNEL void tc_s8_conv_2d_lanes__rvv(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    const tc_rvv_end end = {p->out_zero, p->act_min, p->act_max};
    const int32_t depth = p->window.kernel_h * p->window.kernel_w * p->window.in_c;
    const int32_t pairs = (depth + 1) >> 1;
    const int in_place = depth == p->window.in_c && (depth & 1) == 0 && p->window.stride_h == 1 &&
                         p->window.stride_w == 1 && p->window.pad_top == 0 && p->window.pad_left == 0 &&
                         p->window.out_h == p->window.in_h && p->window.out_w == p->window.in_w;
    int8_t *windows = (int8_t *)scratch;
    const int32_t row = 2 * pairs;
    int32_t left = p->window.batch * p->window.out_h * p->window.out_w;
    int32_t y = 0;
    int32_t x = 0;
    while (left > 0) {
        const int32_t rows = left < 4 ? left : 4;
        const int8_t *from = in;
        if (in_place) {
            in += rows * depth;
        } else {
            from = windows;
            for (int32_t i = 0; i < rows; i++) {
                tc_rvv_gather(p, in, y, x, windows + i * row);
                if (depth & 1) {
                    windows[i * row + depth] = 0;
                }
                x++;
                if (x == p->window.out_w) {
                    x = 0;
                    y++;
                }
                if (y == p->window.out_h) {
                    y = 0;
                    in += p->window.in_h * p->window.in_w * p->window.in_c;
                }
            }
        }
        tc_rvv_rows(from, row, rows, p->weights, pairs, p->channels, &end, p->window.out_c, out);
        out += rows * p->window.out_c;
        left -= rows;
    }
}

/* Convolution with vectors of AArch64: four windows are copied into rows, in which taps outside the image hold the zero
 * point. Output may run over input that no later window reads. */
#include "tc_conv_neon.h"

static TC_NOINLINE void tc_conv_neon_window(const tc_s8_conv *p, const int8_t *image, int32_t top, int32_t left,
                                            int8_t *to) {
    const int32_t depth = p->window.in_c;
    const int32_t run = p->window.kernel_w * depth;
    const int whole = p->window.dilation_w == 1 && left >= 0 && left + p->window.kernel_w <= p->window.in_w;
    for (int32_t ky = 0, y = top; ky < p->window.kernel_h; ky++, y += p->window.dilation_h) {
        const int8_t *line = image + y * p->window.in_w * depth;
        if (y < 0 || y >= p->window.in_h) {
            tc_neon_fill(to, p->in_zero, run);
            to += run;
        } else if (whole) {
            tc_neon_copy(to, line + left * depth, run);
            to += run;
        } else {
            for (int32_t kx = 0, x = left; kx < p->window.kernel_w; kx++, x += p->window.dilation_w, to += depth) {
                if (x < 0 || x >= p->window.in_w) {
                    tc_neon_fill(to, p->in_zero, depth);
                } else {
                    tc_neon_copy(to, line + x * depth, depth);
                }
            }
        }
    }
}

TC_KERNEL void tc_s8_conv_2d_windows__neon(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = p->window.kernel_h * p->window.kernel_w * p->window.in_c;
    const int32_t steps = (depth + 15) >> 4;
    const tc_neon_matrix by = tc_conv_neon_matrix(p, steps);
    int8_t *const rows = (int8_t *)scratch;
    for (int32_t b = 0; b < p->window.batch; b++, in += p->window.in_h * p->window.in_w * p->window.in_c) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            const int32_t top = y * p->window.stride_h - p->window.pad_top;
            for (int32_t x = 0; x < p->window.out_w; x += 4) {
                const int32_t left = p->window.out_w - x;
                const int32_t count = left < 4 ? left : 4;
                const int8_t *windows[4] = {rows, rows, rows, rows};
                for (int32_t i = 0; i < count; i++) {
                    int8_t *const to = rows + 16 * steps * i;
                    tc_conv_neon_window(p, in, top, (x + i) * p->window.stride_w - p->window.pad_left, to);
                    windows[i] = to;
                }
                tc_neon_rows(&by, windows, out, count);
                out += count * p->window.out_c;
            }
        }
    }
}

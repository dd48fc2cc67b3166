/* Convolution with vectors of AArch64: four windows are copied into rows, in which taps outside the image hold the zero
 * point. Output may run over input that no later window reads. */
#include "tc_conv_neon.h"

/* Some bytes of the image; from `last` on whole vectors would end behind it. */
static TC_INLINE void tc_conv_neon_copy(int8_t *to, const int8_t *from, int32_t count, const int8_t *last) {
    if (from <= last) {
        tc_neon_copy_beyond(to, from, count);
    } else {
        tc_neon_copy(to, from, count);
    }
}

/* A window that reaches beyond the image, or to its end: what is written behind a tap or a line is written again by the
 * next one. */
static TC_NOINLINE void tc_conv_neon_window(const tc_s8_conv *p, const int8_t *image, int32_t top, int32_t left,
                                            const int8_t *end, int8_t *to) {
    const int32_t depth = p->window.in_c;
    const int32_t width = p->window.kernel_w * depth;
    const int is_dense = p->window.dilation_w == 1;
    const int32_t before = tc_clamp(-left, 0, p->window.kernel_w);
    const int32_t behind = tc_clamp(left + p->window.kernel_w - p->window.in_w, 0, p->window.kernel_w - before);
    const int32_t inside = (p->window.kernel_w - before - behind) * depth;
    const int8_t *const last = end - ((width + 15) & ~15);
    for (int32_t ky = 0, y = top; ky < p->window.kernel_h; ky++, y += p->window.dilation_h, to += width) {
        const int8_t *const line = image + (y * p->window.in_w + left) * depth;
        if (y < 0 || y >= p->window.in_h) {
            tc_neon_fill_beyond(to, p->in_zero, width);
        } else if (is_dense) {
            tc_neon_fill_beyond(to, p->in_zero, before * depth);
            tc_conv_neon_copy(to + before * depth, line + before * depth, inside, last);
            tc_neon_fill_beyond(to + before * depth + inside, p->in_zero, behind * depth);
        } else {
            for (int32_t kx = 0, x = 0; kx < p->window.kernel_w; kx++, x += p->window.dilation_w) {
                if (left + x < 0 || left + x >= p->window.in_w) {
                    tc_neon_fill_beyond(to + kx * depth, p->in_zero, depth);
                } else {
                    tc_conv_neon_copy(to + kx * depth, line + x * depth, depth, last);
                }
            }
        }
    }
}

/* Four windows of columns in the image, `step` apart, to rows that are `apart` bytes apart. */
static TC_INLINE void tc_conv_neon_four(const tc_s8_conv *p, const int8_t *image, int32_t top, int32_t left,
                                        int32_t step, int32_t apart, int8_t *to) {
    const int32_t width = p->window.kernel_w * p->window.in_c;
    const int32_t line = p->window.in_w * p->window.in_c;
    const int32_t down = p->window.dilation_h * line;
    const int8_t *from = image + top * line + left * p->window.in_c;
    TC_KNOWN(width > 0);
    TC_NEON_SHORT
    for (int32_t ky = 0, y = top; ky < p->window.kernel_h; ky++, y += p->window.dilation_h, from += down, to += width) {
        if (y < 0 || y >= p->window.in_h) {
            tc_neon_fill_beyond(to, p->in_zero, width);
            tc_neon_fill_beyond(to + apart, p->in_zero, width);
            tc_neon_fill_beyond(to + 2 * apart, p->in_zero, width);
            tc_neon_fill_beyond(to + 3 * apart, p->in_zero, width);
            continue;
        }
        const int8_t *f = from;
        int8_t *t = to;
        int32_t rest = width;
        TC_NEON_SHORT
        do {
            tc_neon_move(t, f, 16);
            tc_neon_move(t + apart, f + step, 16);
            tc_neon_move(t + 2 * apart, f + 2 * step, 16);
            tc_neon_move(t + 3 * apart, f + 3 * step, 16);
            f += 16;
            t += 16;
            rest -= 16;
        } while (rest > 0);
    }
}

TC_KERNEL void tc_s8_conv_2d_windows__neon(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = p->window.kernel_h * p->window.kernel_w * p->window.in_c;
    const int32_t steps = (depth + 7) >> 3;
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    const int32_t reach = (p->window.kernel_h - 1) * p->window.dilation_h;
    const int32_t step = p->window.stride_w * p->window.in_c;
    const int is_dense = p->window.dilation_w == 1;
    const int8_t *const end = in + p->window.batch * image;
    const tc_neon_matrix by = tc_conv_neon_matrix(p, steps);
    int8_t *const rows = (int8_t *)scratch;
    const int32_t apart = 8 * steps + 16; /* a row's last vector may end behind it */
    const int8_t *const windows[4] = {rows, rows + apart, rows + 2 * apart, rows + 3 * apart};
    /* Of the last line of a window that still ends with a whole vector in the image. */
    const int8_t *const last = end - ((p->window.kernel_w * p->window.in_c + 15) & ~15);
    for (int32_t b = 0; b < p->window.batch; b++, in += image) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            const int32_t top = y * p->window.stride_h - p->window.pad_top;
            const int32_t bottom = top + reach < p->window.in_h ? top + reach : p->window.in_h - 1;
            const int8_t *const line = in + bottom * p->window.in_w * p->window.in_c;
            for (int32_t x = 0; x < p->window.out_w; x += 4) {
                const int32_t rest = p->window.out_w - x;
                const int32_t count = rest < 4 ? rest : 4;
                const int32_t left = x * p->window.stride_w - p->window.pad_left;
                const int32_t right = left + 3 * p->window.stride_w;
                if (is_dense && count == 4 && left >= 0 && right + p->window.kernel_w <= p->window.in_w &&
                    line + right * p->window.in_c <= last) {
                    tc_conv_neon_four(p, in, top, left, step, apart, rows);
                } else {
                    for (int32_t i = 0; i < count; i++) {
                        tc_conv_neon_window(p, in, top, left + i * p->window.stride_w, end, rows + apart * i);
                    }
                }
                tc_neon_rows(&by, windows, out, count);
                out += count * p->window.out_c;
            }
        }
    }
}

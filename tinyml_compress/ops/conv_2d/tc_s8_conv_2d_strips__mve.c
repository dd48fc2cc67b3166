/* Convolution on Helium: of some output pixels of a row all columns of input that these see lie in scratch one behind
 * the other, each from its top tap to its bottom one, so that a window is a row of bytes. Columns that are a dilation
 * apart are neighbours. Of each four output channels of a group and sixteen values of a window, column by column, the
 * rows of weights lie side by side; `channels` is as tc_mve_finish takes it. */
#include "tc_conv_mve.h"

/* One kernel row of `count` columns from x on, `dilation` apart; what is outside the image is the zero point. */
static TC_INLINE void tc_conv_mve_row(const tc_s8_conv *p, const int8_t *row, int32_t x, int32_t count, int8_t *to) {
    const int32_t depth = p->group_in;
    const int32_t column = p->window.kernel_h * depth;
    for (; count > 0; count--, x += p->window.dilation_w, to += column) {
        const int inside = row != NULL && x >= 0 && x < p->window.in_w;
        if (inside) {
            const int8_t *from = row + x * p->window.in_c;
            for (int32_t i = 0; i < depth; i += 16) {
                const mve_pred16_t lanes = vctp8q((uint32_t)(depth - i));
                vstrbq_p_s8(to + i, vldrbq_z_s8(from + i, lanes), lanes);
            }
        } else {
            for (int32_t i = 0; i < depth; i += 16) {
                vstrbq_p_s8(to + i, vdupq_n_s8((int8_t)p->in_zero), vctp8q((uint32_t)(depth - i)));
            }
        }
    }
}

/* Columns of a strip from x on; those of one phase are `phase` in number. */
static TC_INLINE void tc_conv_mve_columns(const tc_s8_conv *p, const int8_t *in, int32_t top, int32_t x, int32_t phase,
                                          int8_t *to) {
    const int32_t column = p->window.kernel_h * p->group_in;
    for (int32_t d = 0; d < p->window.dilation_w; d++, to += phase * column) {
        for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
            const int32_t y = top + ky * p->window.dilation_h;
            const int8_t *row = NULL;
            if (y >= 0 && y < p->window.in_h) {
                row = in + y * p->window.in_w * p->window.in_c;
            }
            tc_conv_mve_row(p, row, x + d, phase, to + ky * p->group_in);
        }
    }
}

/* Of `count` output pixels the channels of one group. */
static TC_INLINE void tc_conv_mve_strip(const tc_s8_conv *p, int32_t count, int32_t phase, int32_t steps,
                                        const int8_t *w, const int32_t *channels, const int8_t *columns, int8_t *out) {
    const int32_t column = p->window.kernel_h * p->group_in;
    const int8_t *before = columns;
    int8_t *to = out;
    for (int32_t i = 0; i < count; i++, out += p->window.out_c) {
        const int32_t x = i * p->window.stride_w;
        int32_t place = x;
        if (p->window.dilation_w > 1) {
            place = x % p->window.dilation_w * phase + x / p->window.dilation_w;
        }
        const int8_t *from = columns + place * column;
        if (i & 1) {
            tc_conv_mve_pair(p, steps, w, channels, before, from, to, out);
        } else if (i + 1 == count) {
            tc_conv_mve_pair(p, steps, w, channels, from, from, out, out);
        }
        before = from;
        to = out;
    }
}

TC_KERNEL void tc_s8_conv_2d_strips__mve(const tc_s8_conv_strips *q, const int8_t *in, int8_t *out, void *scratch) {
    const tc_s8_conv *p = &q->conv;
    const int32_t steps = (p->window.kernel_h * p->window.kernel_w * p->group_in + 15) >> 4;
    const int32_t fours = (p->group_out + 3) >> 2;
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    for (int32_t b = 0; b < p->window.batch; b++, in += image) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            const int32_t top = y * p->window.stride_h - p->window.pad_top;
            for (int32_t x = 0; x < p->window.out_w; x += q->columns) {
                const int32_t most = p->window.out_w - x;
                const int32_t count = q->columns < most ? q->columns : most;
                const int32_t left = x * p->window.stride_w - p->window.pad_left;
                const int8_t *w = p->weights;
                const int32_t *channels = p->channels;
                for (int32_t first = 0, c = 0; first < p->window.in_c; first += p->group_in, c += p->group_out) {
                    tc_conv_mve_columns(p, in + first, top, left, q->phase, (int8_t *)scratch);
                    tc_conv_mve_strip(p, count, q->phase, steps, w, channels, (const int8_t *)scratch, out + c);
                    w += 64 * steps * fours;
                    channels += 12 * fours;
                }
                out += count * p->window.out_c;
            }
        }
    }
}

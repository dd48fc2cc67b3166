/* Strips of convolutions on Helium: of some output pixels of a row all columns of input that these see lie in scratch
 * one behind the other, each from its top tap to its bottom one, so that a window is a row of bytes. Columns that are a
 * dilation apart are neighbours. Channels of input are counted in bytes. */
#ifndef TC_CONV_MVE_STRIPS_H
#define TC_CONV_MVE_STRIPS_H

#include "tc_conv_mve.h"

/* `count` columns' pieces of `depth` bytes. */
static TC_INLINE void tc_conv_mve_copy(int8_t *to, int32_t to_step, const int8_t *from, int32_t from_step,
                                       int32_t depth, int32_t count) {
    if (depth < 16) {
        const mve_pred16_t lanes = tc_mve_kept(vctp8q((uint32_t)depth));
        for (; count > 0; count--, to += to_step, from += from_step) {
            vstrbq_p_s8(to, vldrbq_z_s8(from, lanes), lanes);
        }
        return;
    }
    for (; count > 0; count--, to += to_step, from += from_step) {
        for (int32_t i = 0; i + 16 < depth; i += 16) {
            vstrbq_s8(to + i, vldrbq_s8(from + i));
        }
        vstrbq_s8(to + depth - 16, vldrbq_s8(from + depth - 16));
    }
}

/* The same value everywhere. */
static TC_INLINE void tc_conv_mve_fill(int8_t *to, int32_t to_step, int32_t depth, int32_t count, int8x16_t value) {
    for (; count > 0; count--, to += to_step) {
        for (int32_t i = 0; i < depth; i += 16) {
            vstrbq_p_s8(to + i, value, vctp8q((uint32_t)(depth - i)));
        }
    }
}

/* One kernel row of `count` columns from x on, a dilation apart; what is outside the image is the zero point. */
static TC_INLINE void tc_conv_mve_row(const tc_s8_conv *p, const int8_t *row, int32_t x, int32_t count, int8_t *to) {
    const int32_t depth = p->group_in;
    const int32_t column = p->window.kernel_h * depth;
    const int32_t apart = p->window.dilation_w;
    const int8x16_t zero = vdupq_n_s8((int8_t)p->in_zero);
    int32_t before = x < 0 ? (apart - 1 - x) / apart : 0;
    before = row == NULL || before > count ? count : before;
    tc_conv_mve_fill(to, column, depth, before, zero);
    to += before * column;
    x += before * apart;
    int32_t inside = x < p->window.in_w ? (p->window.in_w - x + apart - 1) / apart : 0;
    inside = inside > count - before ? count - before : inside;
    if (inside > 0) {
        tc_conv_mve_copy(to, column, row + x * p->window.in_c, apart * p->window.in_c, depth, inside);
        to += inside * column;
    }
    tc_conv_mve_fill(to, column, depth, count - before - inside, zero);
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

/* The window of an output pixel of the strip. */
static TC_INLINE const int8_t *tc_conv_mve_window(const tc_s8_conv *p, int32_t pixel, int32_t phase,
                                                  const int8_t *columns) {
    const int32_t x = pixel * p->window.stride_w;
    int32_t place = x;
    if (p->window.dilation_w > 1) {
        place = x % p->window.dilation_w * phase + x / p->window.dilation_w;
    }
    return columns + place * p->window.kernel_h * p->group_in;
}

#endif

/* Depthwise convolution with vectors of AArch64: sixteen channels in lanes, or eight, of which the last ones may be
 * some that were done before. Weights are tap by tap, an odd number of taps followed by one of zeros; `channels` are
 * all biases, then all multipliers, then all shifts. Taps outside the image are read where a row holds the zero point.
 * Output may run over input that no later window reads. */
#include "tc_neon.h"

typedef struct {
    tc_neon_words four[4];
} tc_neon_lanes;

/* What all windows have in common. */
typedef struct {
    const int8_t *const *taps;
    const int8_t *weights;
    const int32_t *channels;
    int32_t depth;
    tc_neon_ends ends;
} tc_neon_window;

/* Sums of eight channels, or of sixteen, from `at` on, over pairs of taps, `moved` bytes behind where these are. */
static TC_INLINE tc_neon_lanes tc_neon_taps(const tc_neon_window *by, int32_t pairs, int32_t moved, int32_t at,
                                            int all) {
    const int8_t *const *taps = by->taps;
    const int8_t *w = by->weights + at;
    const int32_t *const biases = by->channels + at;
    const int32_t from = moved + at;
    tc_neon_lanes sums;
    sums.four[0] = tc_neon_load_words(biases);
    sums.four[1] = tc_neon_load_words(biases + 4);
    sums.four[2] = all ? tc_neon_load_words(biases + 8) : sums.four[0];
    sums.four[3] = all ? tc_neon_load_words(biases + 12) : sums.four[0];
#if TC_NEON
    do {
        if (all) {
            const int8x16_t x = vld1q_s8(taps[0] + from);
            const int8x16_t y = vld1q_s8(taps[1] + from);
            const int8x16_t v = vld1q_s8(w);
            const int8x16_t z = vld1q_s8(w + by->depth);
            const int16x8_t low = vmlal_s8(vmull_s8(vget_low_s8(x), vget_low_s8(v)), vget_low_s8(y), vget_low_s8(z));
            const int16x8_t high = vmlal_high_s8(vmull_high_s8(x, v), y, z);
            sums.four[0] = vaddw_s16(sums.four[0], vget_low_s16(low));
            sums.four[1] = vaddw_high_s16(sums.four[1], low);
            sums.four[2] = vaddw_s16(sums.four[2], vget_low_s16(high));
            sums.four[3] = vaddw_high_s16(sums.four[3], high);
        } else {
            const int16x8_t first = vmull_s8(vld1_s8(taps[0] + from), vld1_s8(w));
            const int16x8_t both = vmlal_s8(first, vld1_s8(taps[1] + from), vld1_s8(w + by->depth));
            sums.four[0] = vaddw_s16(sums.four[0], vget_low_s16(both));
            sums.four[1] = vaddw_high_s16(sums.four[1], both);
        }
        taps += 2;
        w += 2 * by->depth;
    } while (--pairs > 0);
#else
    for (int32_t tap = 0; tap < 2 * pairs; tap++) {
        for (int i = 0; i < (all ? 16 : 8); i++) {
            int32_t *const sum = &sums.four[i >> 2].lane[i & 3];
            *sum = tc_add(*sum, taps[tap][from + i] * w[tap * by->depth + i]);
        }
    }
#endif
    return sums;
}

static TC_INLINE void tc_neon_channels(const tc_neon_window *by, int32_t pairs, int32_t moved, int32_t at, int all,
                                       int8_t *out) {
    const int32_t *const multipliers = by->channels + by->depth + at;
    const int32_t *const shifts = multipliers + by->depth;
    tc_neon_lanes sums = tc_neon_taps(by, pairs, moved, at, all);
    sums.four[0] = tc_neon_scaled(sums.four[0], multipliers, shifts);
    sums.four[1] = tc_neon_scaled(sums.four[1], multipliers + 4, shifts + 4);
    if (all) {
        sums.four[2] = tc_neon_scaled(sums.four[2], multipliers + 8, shifts + 8);
        sums.four[3] = tc_neon_scaled(sums.four[3], multipliers + 12, shifts + 12);
    }
    tc_neon_store(out + at, tc_neon_finished(sums.four[0], sums.four[1], sums.four[2], sums.four[3], by->ends), all);
}

/* All channels of a window. */
static TC_INLINE void tc_neon_pixel(const tc_neon_window *by, int32_t pairs, int32_t moved, int8_t *out) {
    int32_t at = 0;
    for (; at + 16 <= by->depth; at += 16) {
        tc_neon_channels(by, pairs, moved, at, 1, out);
    }
    for (; at < by->depth; at += 8) {
        tc_neon_channels(by, pairs, moved, at + 8 <= by->depth ? at : by->depth - 8, 0, out);
    }
}

/* Where the taps of a window are. */
static TC_NOINLINE void tc_neon_find_taps(const tc_s8_conv *p, const int8_t *in, int32_t top, int32_t left,
                                          const int8_t *outside, const int8_t **tap) {
    const int32_t depth = p->window.in_c;
    const int32_t down = p->window.dilation_h * p->window.in_w * depth;
    const int32_t aside = p->window.dilation_w * depth;
    const int8_t *line = in + (top * p->window.in_w + left) * depth;
    for (int32_t ky = 0, y = top; ky < p->window.kernel_h; ky++, y += p->window.dilation_h, line += down) {
        const int32_t width = y >= 0 && y < p->window.in_h ? p->window.in_w : 0;
        const int8_t *pixel = line;
        for (int32_t kx = 0, x = left; kx < p->window.kernel_w; kx++, x += p->window.dilation_w, pixel += aside) {
            *tap++ = (uint32_t)x < (uint32_t)width ? pixel : outside;
        }
    }
}

TC_KERNEL void tc_s8_depthwise_conv_2d_lanes__neon(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = p->window.in_c;
    const int32_t count = p->window.kernel_h * p->window.kernel_w;
    const int32_t pairs = (count + 1) >> 1;
    const int32_t reach_h = (p->window.kernel_h - 1) * p->window.dilation_h;
    const int32_t reach_w = (p->window.kernel_w - 1) * p->window.dilation_w;
    const int32_t step = p->window.stride_w * depth;
    const int8_t **const taps = (const int8_t **)scratch;
    int8_t *const outside = (int8_t *)(taps + 2 * pairs);
    const tc_neon_window by = {taps, p->weights, p->channels, depth, {p->out_zero, p->act_min, p->act_max}};
    tc_neon_fill_beyond(outside, p->in_zero, depth);
    for (int32_t b = 0; b < p->window.batch; b++, in += p->window.in_h * p->window.in_w * depth) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            const int32_t top = y * p->window.stride_h - p->window.pad_top;
            const int whole = top >= 0 && top + reach_h < p->window.in_h;
            int32_t left = -p->window.pad_left;
            int32_t moved = 0;
            for (int32_t x = 0; x < p->window.out_w; x++, left += p->window.stride_w, out += depth) {
                if (whole && left >= p->window.stride_w && left + reach_w < p->window.in_w) {
                    moved += step; /* in the image, as the window before */
                } else {
                    tc_neon_find_taps(p, in, top, left, outside, taps);
                    if ((count & 1) != 0) {
                        taps[count] = taps[0]; /* any */
                    }
                    moved = 0;
                }
                if (pairs == 5) {
                    tc_neon_pixel(&by, 5, moved, out);
                } else {
                    tc_neon_pixel(&by, pairs, moved, out);
                }
            }
        }
    }
}

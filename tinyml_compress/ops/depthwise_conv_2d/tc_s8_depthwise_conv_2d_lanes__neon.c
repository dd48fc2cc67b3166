/* Depthwise convolution with vectors of AArch64: sixteen channels in lanes, or eight, of which the last ones may be
 * some that were done before. Weights are tap by tap, an odd number of taps followed by one of zeros; `channels` are
 * all biases, then all multipliers, then all shifts. Taps outside the image are read where a row holds the zero point.
 * Output may run over input that no later window reads. */
#include "tc_neon.h"

typedef struct {
    tc_neon_words four[4];
} tc_neon_lanes;

/* Sums of eight channels, or of sixteen, from `at` on, over pairs of taps. */
static TC_INLINE tc_neon_lanes tc_neon_taps(const int8_t *const *taps, int32_t pairs, const int8_t *w, int32_t depth,
                                            int32_t at, int all) {
    const tc_neon_words none = tc_neon_alike(0);
    tc_neon_lanes sums = {{none, none, none, none}};
#if TC_NEON
    for (w += at; pairs > 0; pairs--, taps += 2, w += 2 * depth) {
        if (all) {
            const int8x16_t x = vld1q_s8(taps[0] + at);
            const int8x16_t y = vld1q_s8(taps[1] + at);
            const int8x16_t v = vld1q_s8(w);
            const int8x16_t z = vld1q_s8(w + depth);
            const int16x8_t low = vmlal_s8(vmull_s8(vget_low_s8(x), vget_low_s8(v)), vget_low_s8(y), vget_low_s8(z));
            const int16x8_t high = vmlal_high_s8(vmull_high_s8(x, v), y, z);
            sums.four[0] = vaddw_s16(sums.four[0], vget_low_s16(low));
            sums.four[1] = vaddw_high_s16(sums.four[1], low);
            sums.four[2] = vaddw_s16(sums.four[2], vget_low_s16(high));
            sums.four[3] = vaddw_high_s16(sums.four[3], high);
        } else {
            const int16x8_t first = vmull_s8(vld1_s8(taps[0] + at), vld1_s8(w));
            const int16x8_t both = vmlal_s8(first, vld1_s8(taps[1] + at), vld1_s8(w + depth));
            sums.four[0] = vaddw_s16(sums.four[0], vget_low_s16(both));
            sums.four[1] = vaddw_high_s16(sums.four[1], both);
        }
    }
#else
    for (int32_t tap = 0; tap < 2 * pairs; tap++) {
        for (int i = 0; i < (all ? 16 : 8); i++) {
            int32_t *const sum = &sums.four[i >> 2].lane[i & 3];
            *sum = tc_add(*sum, taps[tap][at + i] * w[tap * depth + at + i]);
        }
    }
#endif
    return sums;
}

static TC_INLINE void tc_neon_channels(const tc_s8_conv *p, const int8_t *const *taps, int32_t pairs, int32_t at,
                                       int all, int8_t *out) {
    const int32_t depth = p->window.in_c;
    const tc_neon_ends ends = {p->out_zero, p->act_min, p->act_max};
    tc_neon_lanes sums = tc_neon_taps(taps, pairs, p->weights, depth, at, all);
    for (int i = 0; i < (all ? 4 : 2); i++) {
        sums.four[i] = tc_neon_scaled(sums.four[i], p->channels + at + 4 * i, depth);
    }
    tc_neon_store(out + at, tc_neon_finished(sums.four[0], sums.four[1], sums.four[2], sums.four[3], ends), all);
}

/* Where the taps of a window are. */
static TC_INLINE void tc_neon_find_taps(const tc_s8_conv *p, const int8_t *in, int32_t top, int32_t left,
                                        const int8_t *outside, const int8_t **tap) {
    for (int32_t ky = 0, y = top; ky < p->window.kernel_h; ky++, y += p->window.dilation_h) {
        const int is_inside = y >= 0 && y < p->window.in_h;
        for (int32_t kx = 0, x = left; kx < p->window.kernel_w; kx++, x += p->window.dilation_w) {
            *tap++ =
                is_inside && x >= 0 && x < p->window.in_w ? in + (y * p->window.in_w + x) * p->window.in_c : outside;
        }
    }
}

TC_KERNEL void tc_s8_depthwise_conv_2d_lanes__neon(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = p->window.in_c;
    const int32_t count = p->window.kernel_h * p->window.kernel_w;
    const int32_t pairs = (count + 1) >> 1;
    const int32_t reach_h = (p->window.kernel_h - 1) * p->window.dilation_h;
    const int32_t reach_w = (p->window.kernel_w - 1) * p->window.dilation_w;
    const int8_t **const taps = (const int8_t **)scratch;
    int8_t *const outside = (int8_t *)(taps + 2 * pairs);
    tc_neon_fill(outside, p->in_zero, depth);
    taps[2 * pairs - 1] = outside;
    for (int32_t b = 0; b < p->window.batch; b++, in += p->window.in_h * p->window.in_w * depth) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            const int32_t top = y * p->window.stride_h - p->window.pad_top;
            const int whole = top >= 0 && top + reach_h < p->window.in_h;
            int32_t left = -p->window.pad_left;
            for (int32_t x = 0; x < p->window.out_w; x++, left += p->window.stride_w, out += depth) {
                if (whole && left >= p->window.stride_w && left + reach_w < p->window.in_w) {
                    /* so was the window before */
                    for (int32_t i = 0; i < count; i++) {
                        taps[i] += p->window.stride_w * depth;
                    }
                } else {
                    tc_neon_find_taps(p, in, top, left, outside, taps);
                }
                int32_t c = 0;
                for (; c + 16 <= depth; c += 16) {
                    tc_neon_channels(p, taps, pairs, c, 1, out);
                }
                for (; c < depth; c += 8) {
                    tc_neon_channels(p, taps, pairs, c + 8 <= depth ? c : depth - 8, 0, out);
                }
            }
        }
    }
}

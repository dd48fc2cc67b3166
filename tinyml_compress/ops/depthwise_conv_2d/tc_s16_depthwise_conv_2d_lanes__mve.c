/* Depthwise convolution of int16 on Helium, eight channels in lanes; 32 bits hold every sum. Of each eight channels the
 * weights lie tap by tap, padded with zeros, and `channels` is as tc_mve_wide_finish takes it for the even ones, then
 * for the odd ones. Output may run over input that no later window reads. */
#include "tc_mve_wide_products.h"

/* The taps `first` to `end` that lie inside the image. */
typedef struct {
    int32_t first;
    int32_t end;
} tc_mve_taps;

static TC_INLINE tc_mve_taps tc_mve_taps_of(int32_t at, int32_t apart, int32_t kernel, int32_t size) {
    tc_mve_taps taps = {0, kernel};
    if (at < 0) {
        taps.first = (apart - 1 - at) / apart;
    }
    if (at + (kernel - 1) * apart >= size) {
        taps.end = (size - at + apart - 1) / apart;
    }
    return taps;
}

TC_KERNEL void tc_s16_depthwise_conv_2d_lanes__mve(const tc_s8_conv *p, const int16_t *in, int16_t *out) {
    const int32_t depth = p->window.in_c;
    const int32_t kernel_w = p->window.kernel_w;
    const int32_t beside = p->window.dilation_w * depth;
    const int32_t below = p->window.dilation_h * p->window.in_w * depth;
    const int32x4_t low = vdupq_n_s32(p->act_min);
    const int32x4_t high = vdupq_n_s32(p->act_max);
    for (int32_t b = 0; b < p->window.batch; b++, in += p->window.in_h * p->window.in_w * depth) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            const int32_t top = y * p->window.stride_h - p->window.pad_top;
            const tc_mve_taps rows = tc_mve_taps_of(top, p->window.dilation_h, p->window.kernel_h, p->window.in_h);
            for (int32_t x = 0; x < p->window.out_w; x++) {
                const int32_t left = x * p->window.stride_w - p->window.pad_left;
                const tc_mve_taps columns = tc_mve_taps_of(left, p->window.dilation_w, kernel_w, p->window.in_w);
                const int16_t *first = in + (top * p->window.in_w + left) * depth + rows.first * below;
                const int8_t *weights = p->weights + 8 * (rows.first * kernel_w + columns.first);
                const int32_t *channels = p->channels;
                first += columns.first * beside;
                for (int32_t c = depth; c > 0; c -= 8, first += 8, channels += 24) {
                    const mve_pred16_t on = tc_mve_kept(vctp16q((uint32_t)c));
                    int32x4_t even = vdupq_n_s32(0);
                    int32x4_t odd = vdupq_n_s32(0);
                    const int16_t *line = first;
                    const int8_t *w = weights;
                    for (int32_t ky = rows.end - rows.first; ky > 0; ky--, line += below, w += 8 * kernel_w) {
                        const int16_t *tap = line;
                        const int8_t *weight = w;
                        for (int32_t kx = columns.end - columns.first; kx > 0; kx--, tap += beside, weight += 8) {
                            const int16x8_t value = vldrhq_z_s16(tap, on);
                            const int16x8_t factor = vldrbq_s16(weight);
                            even = vaddq_s32(even, vmullbq_int_s16(value, factor));
                            odd = vaddq_s32(odd, vmulltq_int_s16(value, factor));
                        }
                    }
                    even = tc_mve_wide_finish(even, channels, low, high);
                    odd = tc_mve_wide_finish(odd, channels + 12, low, high);
                    vstrhq_p_s16(out, vmovntq_s32(vreinterpretq_s16_s32(even), odd), on);
                    out += c < 8 ? c : 8;
                    weights += 8 * p->window.kernel_h * kernel_w;
                }
            }
        }
    }
}

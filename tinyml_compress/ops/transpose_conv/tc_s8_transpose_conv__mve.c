/* Transposed convolution on Helium: each output gathers the inputs whose windows cover it, for four output channels at
 * a time. */
#include "tc_transpose_conv_mve.h"

/* Sums of the last output channels are of weights that are there: of the last one. */
static TC_INLINE int32x4_t tc_s8_transpose_conv_four(const tc_transpose_conv_params *p, const int8_t *in,
                                                     const int8_t *weights, tc_mve_cover rows, tc_mve_cover columns,
                                                     int32_t step, int32_t left) {
    const int32_t depth = p->in_depth;
    const int32_t above = (columns.count - p->in_width) * depth;
    const int32_t beside = p->stride_w * depth;
    const int32_t below = p->stride_h * p->width * depth - columns.count * beside;
    const int16x8_t zero = vdupq_n_s16((int16_t)p->in_zero_point);
    const int8_t *first = weights;
    const int8_t *second = first + (left > 1 ? step : 0);
    const int8_t *third = second + (left > 2 ? step : 0);
    const int8_t *fourth = third + (left > 3 ? step : 0);
    int32_t a = 0, b = 0, c = 0, d = 0;
    int32_t at = 0;
    for (int32_t i = rows.count; i > 0; --i, in += above, at += below) {
        for (int32_t j = columns.count; j > 0; --j, in -= depth, at += beside) {
            for (int32_t k = 0; k < depth; k += 8) {
                const mve_pred16_t on = vctp16q((uint32_t)(depth - k));
                const int16x8_t x = vsubq_s16(vldrbq_z_s16(in + k, on), zero);
                a = vmladavaq_p_s16(a, x, vldrbq_z_s16(first + at + k, on), on);
                b = vmladavaq_p_s16(b, x, vldrbq_z_s16(second + at + k, on), on);
                c = vmladavaq_p_s16(c, x, vldrbq_z_s16(third + at + k, on), on);
                d = vmladavaq_p_s16(d, x, vldrbq_z_s16(fourth + at + k, on), on);
            }
        }
    }
    return tc_mve_four(a, b, c, d);
}

TC_KERNEL void tc_s8_transpose_conv__mve(const tc_transpose_conv_params *p, const int8_t *in, int8_t *out) {
    const int32_t depth = p->in_depth;
    const int32_t window = p->height * p->width * depth;
    const int32_t line = p->in_width * depth;
    const int32x4_t none = vdupq_n_s32(0);
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), 3);
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->in_height * line) {
        for (int32_t y = 0; y < p->out_height; ++y) {
            const tc_mve_cover rows = tc_mve_cover_of(y + p->pad_h, p->stride_h, p->height, p->in_height);
            for (int32_t x = 0; x < p->out_width; ++x) {
                const tc_mve_cover columns = tc_mve_cover_of(x + p->pad_w, p->stride_w, p->width, p->in_width);
                const int8_t *first = in + rows.place * line + columns.place * depth;
                const int8_t *weights = p->weights + (rows.tap * p->width + columns.tap) * depth;
                const int32_t *scaling = p->channels;
                for (int32_t left = p->out_depth; left > 0; left -= 4, weights += 4 * window, scaling += 12) {
                    const mve_pred16_t on = vctp32q((uint32_t)left);
                    const int32x4_t sums = tc_s8_transpose_conv_four(p, first, weights, rows, columns, window, left);
                    const int32x4_t bias = vldrwq_gather_shifted_offset_z_s32(scaling, places, on);
                    const int32x4_t factor = vldrwq_gather_shifted_offset_z_s32(scaling + 1, places, on);
                    const int32x4_t shift = vldrwq_gather_shifted_offset_z_s32(scaling + 2, places, on);
                    const int32x4_t scaled = tc_requantize_channels(vaddq_s32(sums, bias), factor,
                                                                    vmaxq_s32(shift, none), vminq_s32(shift, none));
                    vstrbq_p_s32(out, tc_mve_bounded(vaddq_n_s32(scaled, p->zero_point), -128, 127), on);
                    out += left < 4 ? left : 4;
                }
            }
        }
    }
}

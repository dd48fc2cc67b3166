/* Transposed convolution of int16 on Helium: each output gathers the inputs whose windows cover it, a tap's channels in
 * lanes. */
#include "tc_transpose_conv_mve.h"

TC_KERNEL void tc_s16_transpose_conv__mve(const tc_s16_transpose_conv_params *p, const int16_t *in, int16_t *out) {
    const int32_t depth = p->in_depth;
    const int32_t window = p->height * p->width * depth;
    const int32_t line = p->in_width * depth;
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->in_height * line) {
        for (int32_t y = 0; y < p->out_height; ++y) {
            const tc_mve_cover rows = tc_mve_cover_of(y + p->pad_h, p->stride_h, p->height, p->in_height);
            for (int32_t x = 0; x < p->out_width; ++x) {
                const tc_mve_cover columns = tc_mve_cover_of(x + p->pad_w, p->stride_w, p->width, p->in_width);
                const int16_t *first = in + rows.place * line + columns.place * depth;
                const int8_t *weights = p->weights + (rows.tap * p->width + columns.tap) * depth;
                for (int32_t channel = 0; channel < p->out_depth; ++channel, weights += window) {
                    const int32_t *scaling = p->channels + 2 * channel;
                    const int16_t *row = first;
                    const int8_t *w = weights;
                    int64_t sum = p->bias[channel];
                    for (int32_t i = rows.count; i > 0; --i, row -= line, w += p->stride_h * p->width * depth) {
                        const int16_t *pixel = row;
                        const int8_t *tap = w;
                        for (int32_t j = columns.count; j > 0; --j, pixel -= depth, tap += p->stride_w * depth) {
                            sum += tc_mve_wide_dot(pixel, tap, depth);
                        }
                    }
                    *out++ = (int16_t)tc_clamp(tc_requantize_wide(sum, scaling[0], scaling[1]), -32768, 32767);
                }
            }
        }
    }
}

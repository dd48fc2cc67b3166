/* Transposed convolution of int16 with int8 weights: each output gathers the inputs whose windows cover it. */
#include "tc_requant.h"
#include "tc_wide.h"

static TC_INLINE int64_t tc_transpose_conv_wide_dot(const tc_s16_transpose_conv_params *p, const int16_t *in,
                                                    const int8_t *weights, int64_t sum) {
    for (int32_t i = 0; i < p->in_depth; ++i) {
        sum += in[i] * weights[i];
    }
    return sum;
}

TC_KERNEL void tc_s16_transpose_conv__c(const tc_s16_transpose_conv_params *p, const int16_t *in, int16_t *out) {
    const int32_t window = p->height * p->width * p->in_depth;
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->in_height * p->in_width * p->in_depth) {
        for (int32_t y = 0; y < p->out_height; ++y) {
            for (int32_t x = 0; x < p->out_width; ++x) {
                for (int32_t channel = 0; channel < p->out_depth; ++channel) {
                    const int32_t *scaling = p->channels + 2 * channel;
                    int64_t sum = p->bias[channel];
                    for (int32_t i = 0; i < p->height; ++i) {
                        const int32_t top = y + p->pad_h - i;
                        if (top < 0 || top % p->stride_h != 0 || top / p->stride_h >= p->in_height) {
                            continue;
                        }
                        const int16_t *row = in + top / p->stride_h * p->in_width * p->in_depth;
                        for (int32_t j = 0; j < p->width; ++j) {
                            const int32_t left = x + p->pad_w - j;
                            if (left < 0 || left % p->stride_w != 0 || left / p->stride_w >= p->in_width) {
                                continue;
                            }
                            const int8_t *weights = p->weights + channel * window + (i * p->width + j) * p->in_depth;
                            sum = tc_transpose_conv_wide_dot(p, row + left / p->stride_w * p->in_depth, weights, sum);
                        }
                    }
                    const int32_t scaled = tc_requantize_wide(sum, scaling[0], scaling[1]);
                    *out++ = (int16_t)tc_clamp(scaled, -32768, 32767);
                }
            }
        }
    }
}

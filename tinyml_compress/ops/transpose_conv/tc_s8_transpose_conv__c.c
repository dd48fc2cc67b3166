/* Transposed convolution of int8: each output gathers the inputs whose windows cover it. */
#include "tc_requant.h"

static TC_INLINE int32_t tc_transpose_conv_dot(const tc_transpose_conv_params *p, const int8_t *in,
                                               const int8_t *weights, int32_t sum) {
    for (int32_t i = 0; i < p->in_depth; ++i) {
        sum += (in[i] - p->in_zero_point) * weights[i];
    }
    return sum;
}

TC_KERNEL void tc_s8_transpose_conv__c(const tc_transpose_conv_params *p, const int8_t *in, int8_t *out) {
    const int32_t window = p->height * p->width * p->in_depth;
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->in_height * p->in_width * p->in_depth) {
        for (int32_t y = 0; y < p->out_height; ++y) {
            for (int32_t x = 0; x < p->out_width; ++x) {
                for (int32_t channel = 0; channel < p->out_depth; ++channel) {
                    const int32_t *scaling = p->channels + 3 * channel;
                    int32_t sum = scaling[0];
                    for (int32_t i = 0; i < p->height; ++i) {
                        const int32_t top = y + p->pad_h - i;
                        if (top < 0 || top % p->stride_h != 0 || top / p->stride_h >= p->in_height) {
                            continue;
                        }
                        const int8_t *row = in + top / p->stride_h * p->in_width * p->in_depth;
                        for (int32_t j = 0; j < p->width; ++j) {
                            const int32_t left = x + p->pad_w - j;
                            if (left < 0 || left % p->stride_w != 0 || left / p->stride_w >= p->in_width) {
                                continue;
                            }
                            const int8_t *weights = p->weights + channel * window + (i * p->width + j) * p->in_depth;
                            sum = tc_transpose_conv_dot(p, row + left / p->stride_w * p->in_depth, weights, sum);
                        }
                    }
                    const int32_t scaled = tc_requantize(sum, scaling[1], scaling[2]);
                    *out++ = (int8_t)tc_clamp(tc_add(scaled, p->zero_point), -128, 127);
                }
            }
        }
    }
}

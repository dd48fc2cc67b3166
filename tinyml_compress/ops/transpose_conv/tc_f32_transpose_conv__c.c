/* Transposed convolution of floats: each output gathers the inputs whose windows cover it, in these inputs' order. */
#include "tc_requant.h"

static TC_INLINE float tc_f32_transpose_conv_dot(const tc_f32_transpose_conv_params *p, const float *in,
                                                 const float *weights, float sum) {
    for (int32_t i = 0; i < p->in_depth; ++i) {
        const float product = in[i] * weights[i];
        sum += product;
    }
    return sum;
}

TC_KERNEL void tc_f32_transpose_conv__c(const tc_f32_transpose_conv_params *p, const float *in, float *out) {
    const int32_t window = p->height * p->width * p->in_depth;
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->in_height * p->in_width * p->in_depth) {
        for (int32_t y = 0; y < p->out_height; ++y) {
            for (int32_t x = 0; x < p->out_width; ++x) {
                for (int32_t channel = 0; channel < p->out_depth; ++channel) {
                    float sum = 0.0f;
                    for (int32_t i = p->height - 1; i >= 0; --i) {
                        const int32_t top = y + p->pad_h - i;
                        if (top < 0 || top % p->stride_h != 0 || top / p->stride_h >= p->in_height) {
                            continue;
                        }
                        const float *row = in + top / p->stride_h * p->in_width * p->in_depth;
                        for (int32_t j = p->width - 1; j >= 0; --j) {
                            const int32_t left = x + p->pad_w - j;
                            if (left < 0 || left % p->stride_w != 0 || left / p->stride_w >= p->in_width) {
                                continue;
                            }
                            const float *weights = p->weights + channel * window + (i * p->width + j) * p->in_depth;
                            sum = tc_f32_transpose_conv_dot(p, row + left / p->stride_w * p->in_depth, weights, sum);
                        }
                    }
                    *out++ = sum + p->bias[channel];
                }
            }
        }
    }
}

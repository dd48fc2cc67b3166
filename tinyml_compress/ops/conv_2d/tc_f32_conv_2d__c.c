/* Float convolution, in the order of its sums: kernel rows, columns, channels. Weights lie as in the file,
 * [out][y][x][in]. Output may run over input that no later window reads. */
#include "tc_conv_f32.h"

static TC_INLINE float tc_f32_conv_taps(const tc_f32_conv *p, const float *in, const float *w, int32_t top,
                                        int32_t left) {
    float acc = 0.0f;
    for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
        const int32_t y = top + ky * p->window.dilation_h;
        for (int32_t kx = 0; kx < p->window.kernel_w; kx++, w += p->group_in) {
            const int32_t x = left + kx * p->window.dilation_w;
            if (y < 0 || y >= p->window.in_h || x < 0 || x >= p->window.in_w) {
                continue;
            }
            const float *pixel = in + (y * p->window.in_w + x) * p->window.in_c;
            for (int32_t i = 0; i < p->group_in; i++) {
                const float product = pixel[i] * w[i];
                acc += product;
            }
        }
    }
    return acc;
}

TC_KERNEL void tc_f32_conv_2d__c(const tc_f32_conv *p, const float *in, float *out) {
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    const int32_t filter = p->window.kernel_h * p->window.kernel_w * p->group_in;
    for (int32_t b = 0; b < p->window.batch; b++, in += image) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            for (int32_t x = 0; x < p->window.out_w; x++) {
                const float *w = p->weights;
                const float *bias = p->bias;
                for (int32_t first = 0; first < p->window.in_c; first += p->group_in) {
                    for (int32_t c = p->group_out; c > 0; c--, w += filter) {
                        const float acc = tc_f32_conv_taps(p, in + first, w, y * p->window.stride_h - p->window.pad_top,
                                                           x * p->window.stride_w - p->window.pad_left);
                        *out++ = tc_f32_bounded(acc + *bias++, p->act_min, p->act_max);
                    }
                }
            }
        }
    }
}

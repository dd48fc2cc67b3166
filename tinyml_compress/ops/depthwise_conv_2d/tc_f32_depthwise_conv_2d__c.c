/* Float depthwise convolution, in the order of its sums: kernel rows, columns. Weights lie as in the file, [y][x][out].
 * Output may run over input that no later window reads. */
#include "tc_conv_f32.h"
#include "tc_depthwise_span.h"

TC_KERNEL void tc_f32_depthwise_conv_2d__c(const tc_f32_conv *p, const float *in, float *out) {
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    const int32_t step_x = p->window.dilation_w * p->window.in_c;
    const int32_t step_y = p->window.dilation_h * p->window.in_w * p->window.in_c;
    const int32_t filters = p->window.out_c;
    for (int32_t b = 0; b < p->window.batch; b++, in += image) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            const int32_t top = y * p->window.stride_h - p->window.pad_top;
            int32_t first_y;
            int32_t rows;
            tc_depthwise_span(top, p->window.kernel_h, p->window.dilation_h, p->window.in_h, &first_y, &rows);
            for (int32_t x = 0; x < p->window.out_w; x++) {
                const int32_t left = x * p->window.stride_w - p->window.pad_left;
                int32_t first_x;
                int32_t columns;
                tc_depthwise_span(left, p->window.kernel_w, p->window.dilation_w, p->window.in_w, &first_x, &columns);
                const float *pixel = in;
                if (rows > 0 && columns > 0) {
                    pixel += ((top + first_y * p->window.dilation_h) * p->window.in_w + left +
                              first_x * p->window.dilation_w) *
                             p->window.in_c;
                }
                const float *weights = p->weights + (first_y * p->window.kernel_w + first_x) * filters;
                const float *bias = p->bias;
                for (int32_t c = p->window.in_c; c > 0; c--, pixel++) {
                    for (int32_t m = p->group_out; m > 0; m--, weights++) {
                        const float *line = pixel;
                        const float *row = weights;
                        float acc = 0.0f;
                        for (int32_t ky = rows; ky > 0; ky--, line += step_y, row += p->window.kernel_w * filters) {
                            const float *tap = line;
                            const float *w = row;
                            for (int32_t kx = columns; kx > 0; kx--, tap += step_x, w += filters) {
                                const float product = *tap * *w;
                                acc += product;
                            }
                        }
                        *out++ = tc_f32_bounded(acc + *bias++, p->act_min, p->act_max);
                    }
                }
            }
        }
    }
}

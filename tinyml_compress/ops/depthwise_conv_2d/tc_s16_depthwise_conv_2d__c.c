/* Depthwise convolution of int16 by int8 with 64-bit accumulators, tap by tap: takes every node, needs no scratch.
 * Weights lie as in the file, [y][x][out]. Output may run over input that no later window reads. */
#include "tc_conv_wide.h"
#include "tc_depthwise_span.h"

TC_KERNEL void tc_s16_depthwise_conv_2d__c(const tc_s8_conv *p, const int16_t *in, int16_t *out) {
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
                const int16_t *pixel = in;
                if (rows > 0 && columns > 0) {
                    pixel += ((top + first_y * p->window.dilation_h) * p->window.in_w + left +
                              first_x * p->window.dilation_w) *
                             p->window.in_c;
                }
                const int8_t *weights = p->weights + (first_y * p->window.kernel_w + first_x) * filters;
                const int32_t *channel = p->channels;
                for (int32_t c = p->window.in_c; c > 0; c--, pixel++) {
                    for (int32_t m = p->group_out; m > 0; m--, weights++, channel += 3) {
                        const int16_t *line = pixel;
                        const int8_t *row = weights;
                        int64_t acc = 0;
                        for (int32_t ky = rows; ky > 0; ky--, line += step_y, row += p->window.kernel_w * filters) {
                            const int16_t *tap = line;
                            const int8_t *w = row;
                            for (int32_t kx = columns; kx > 0; kx--, tap += step_x, w += filters) {
                                acc += *tap * *w;
                            }
                        }
                        *out++ = tc_s16_finish(acc, channel, p->act_min, p->act_max);
                    }
                }
            }
        }
    }
}

/* Depthwise convolution of int8 tap by tap. Weights lie as in the file, [y][x][out]; a channel is {bias, multiplier,
 * shift}. */
#ifndef TC_DEPTHWISE_WALK_H
#define TC_DEPTHWISE_WALK_H

#include "tc_conv.h"
#include "tc_depthwise_span.h"

static TC_INLINE void tc_depthwise_walk(const tc_s8_conv *p, const int8_t *in, int8_t *out) {
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    const int32_t step_x = p->window.dilation_w * p->window.in_c;
    const int32_t step_y = p->window.dilation_h * p->window.in_w * p->window.in_c;
    const int32_t filters = p->window.out_c;
    const int32_t zero = p->in_zero;
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
                const int8_t *pixel = in;
                if (rows > 0 && columns > 0) {
                    pixel += ((top + first_y * p->window.dilation_h) * p->window.in_w + left +
                              first_x * p->window.dilation_w) *
                             p->window.in_c;
                }
                const int8_t *weights = p->weights + (first_y * p->window.kernel_w + first_x) * filters;
                const int32_t *channel = p->channels;
                for (int32_t c = p->window.in_c; c > 0; c--, pixel++) {
                    for (int32_t m = p->group_out; m > 0; m--, weights++, channel += 3) {
                        const int8_t *line = pixel;
                        const int8_t *row = weights;
                        uint32_t acc = 0;
                        for (int32_t ky = rows; ky > 0; ky--, line += step_y, row += p->window.kernel_w * filters) {
                            const int8_t *tap = line;
                            const int8_t *w = row;
                            for (int32_t kx = columns; kx > 0; kx--, tap += step_x, w += filters) {
                                acc += (uint32_t)((*tap - zero) * *w);
                            }
                        }
                        *out++ = tc_s8_finish((int32_t)acc, channel, p->out_zero, p->act_min, p->act_max);
                    }
                }
            }
        }
    }
}

#endif

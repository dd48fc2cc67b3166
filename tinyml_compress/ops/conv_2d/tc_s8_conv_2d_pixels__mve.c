/* Convolution of one tap on Helium: pixels are read in place. Of each four output channels and sixteen inputs the rows
 * of weights lie side by side; `channels` is as tc_mve_finish takes it. Output may run over input up to the pixel
 * before. */
#include "tc_conv_mve.h"

/* The pixel; in scratch, where a whole last vector would end behind the image. */
static TC_INLINE const int8_t *tc_conv_mve_pixel(const int8_t *in, int32_t from, int32_t most, int32_t depth,
                                                 int8_t *scratch) {
    if (from <= most) {
        return in + from;
    }
    tc_mve_copy_row(scratch, in + from, depth);
    return scratch;
}

TC_KERNEL void tc_s8_conv_2d_pixels__mve(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = p->window.in_c;
    const int32_t steps = (depth + 15) >> 4;
    const int32_t row = p->window.stride_h * p->window.in_w * depth;
    const int32_t image = p->window.in_h * p->window.in_w * depth;
    const int32_t most = p->window.batch * image - 16 * steps;
    const int32_t step = p->window.stride_w * depth;
    int8_t *const spare = (int8_t *)scratch;
    for (int32_t b = 0; b < p->window.batch; b++) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            int32_t from = b * image + y * row;
            for (int32_t left = p->window.out_w; left > 0; left -= 2, from += 2 * step) {
                const int32_t more = left > 1;
                const int8_t *first = tc_conv_mve_pixel(in, from, most, depth, spare);
                const int8_t *second = first;
                if (more) {
                    second = tc_conv_mve_pixel(in, from + step, most, depth, spare + 16 * steps);
                }
                int8_t *const beside = more ? out + p->window.out_c : out;
                tc_conv_mve_pair(p, steps, p->weights, p->channels, first, second, out, beside);
                out = beside + p->window.out_c;
            }
        }
    }
}

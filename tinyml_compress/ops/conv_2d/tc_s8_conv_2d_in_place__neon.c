/* Convolution of one tap with vectors of AArch64: pixels are read in place, four at a time. Output may run over input
 * up to three pixels before the one that is read. */
#include "tc_conv_neon.h"

TC_KERNEL void tc_s8_conv_2d_in_place__neon(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = p->window.in_c;
    const int32_t steps = (depth + 7) >> 3;
    const int32_t row = p->window.stride_h * p->window.in_w * depth;
    const int32_t image = p->window.in_h * p->window.in_w * depth;
    const int32_t most = p->window.batch * image - 8 * steps;
    const int32_t step = p->window.stride_w * depth;
    const tc_neon_matrix by = tc_conv_neon_matrix(p, steps);
    for (int32_t b = 0; b < p->window.batch; b++) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            int32_t from = b * image + y * row;
            for (int32_t left = p->window.out_w; left > 0; left -= 4, from += 4 * step) {
                const int32_t count = left < 4 ? left : 4;
                const int8_t *pixels[4] = {in + from, in + from, in + from, in + from};
                for (int32_t i = 1; i < count; i++) {
                    pixels[i] = pixels[i - 1] + step;
                }
                for (int32_t i = 0; i < count && from + (count - 1) * step > most; i++) {
                    /* a whole last vector would end behind the image */
                    int8_t *const spare = (int8_t *)scratch + 8 * steps * i;
                    tc_neon_copy(spare, pixels[i], depth);
                    pixels[i] = spare;
                }
                tc_neon_rows(&by, pixels, out, count);
                out += count * p->window.out_c;
            }
        }
    }
}

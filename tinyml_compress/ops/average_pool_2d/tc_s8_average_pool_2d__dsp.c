/* Mean of the taps inside the image with ties away from zero, four channels at a time where halfwords hold the sums.
 * Output may run over input that no later window reads. */
#include "tc_dsp.h"
#include "tc_pool.h"

static TC_INLINE int8_t tc_pool_mean(const tc_s8_pool *p, int32_t sum, int32_t count) {
    const int32_t mean = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
    return (int8_t)tc_clamp(mean, p->act_min, p->act_max);
}

TC_KERNEL void tc_s8_average_pool_2d__dsp(const tc_s8_pool *p, const int8_t *in, int8_t *out) {
    const int32_t depth = p->in_c;
    const int32_t row = p->in_w * depth;
    for (int32_t b = 0; b < p->batch; b++, in += p->in_h * row) {
        for (int32_t y = 0; y < p->out_h; y++) {
            int32_t top;
            int32_t bottom;
            tc_pool_span(y, p->stride_h, p->pad_top, p->kernel_h, p->in_h, &top, &bottom);
            for (int32_t x = 0; x < p->out_w; x++) {
                int32_t left;
                int32_t right;
                tc_pool_span(x, p->stride_w, p->pad_left, p->kernel_w, p->in_w, &left, &right);
                const int32_t count = (bottom - top) * (right - left);
                const int32_t skip = row - (right - left) * depth;
                const int8_t *from = in + top * row + left * depth;
                int32_t c = 0;
                for (; count < 256 && c < (depth & ~3); c += 4, from += 4, out += 4) {
                    const int8_t *tap = from;
                    uint32_t even = 0;
                    uint32_t odd = 0;
                    for (int32_t ky = bottom - top; ky > 0; ky--, tap += skip) {
                        for (int32_t kx = right - left; kx > 0; kx--, tap += depth) {
                            const uint32_t word = tc_load32(tap);
                            even = tc_sxtab16(even, word);
                            odd = tc_sxtab16_odd(odd, word);
                        }
                    }
                    out[0] = tc_pool_mean(p, tc_low16(even), count);
                    out[1] = tc_pool_mean(p, tc_low16(odd), count);
                    out[2] = tc_pool_mean(p, tc_high16(even), count);
                    out[3] = tc_pool_mean(p, tc_high16(odd), count);
                }
                for (; c < depth; c++) {
                    const int8_t *tap = from++;
                    int32_t sum = 0;
                    for (int32_t ky = bottom - top; ky > 0; ky--, tap += skip) {
                        for (int32_t kx = right - left; kx > 0; kx--, tap += depth) {
                            sum += *tap;
                        }
                    }
                    *out++ = tc_pool_mean(p, sum, count);
                }
            }
        }
    }
}

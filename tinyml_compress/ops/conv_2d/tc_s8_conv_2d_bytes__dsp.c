/* Convolution for any number of input channels: as tc_s8_conv_2d_words__dsp, but values are gathered one by one, so
 * that their pairs are neighbours; a window of an odd number of values ends with one that its weights ignore. */
#include "tc_conv_pixels.h"

static TC_NOINLINE void tc_conv_gather_bytes(const tc_s8_conv_block *p, const tc_conv_at *at, uint32_t *to) {
    const int32_t left = at->x * p->stride_w - p->pad_left;
    int32_t y = at->y * p->stride_h - p->pad_top;
    int32_t waiting = 0; /* the first of a pair */
    int second = 0;
    for (int32_t ky = 0; ky < p->kernel_h; ky++, y += p->dilation_h) {
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t x = left + kx * p->dilation_w;
            const int inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w;
            const int8_t *from = at->image + (inside ? (y * p->in_w + x) * p->in_c : 0);
            for (int32_t c = 0; c < p->in_c; c++) {
                const int32_t value = inside ? from[c] : p->in_zero;
                if (second) {
                    *to = tc_pack16(waiting, value);
                    to += 4;
                }
                waiting = value;
                second = !second;
            }
        }
    }
    if (second) {
        *to = tc_pack16(waiting, 0);
    }
}

TC_KERNEL void tc_s8_conv_2d_bytes__dsp(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch) {
    uint32_t *values = (uint32_t *)scratch;
    tc_conv_at at = {in, 0, 0};
    int32_t left = p->batch * p->out_h * p->out_w;
    while (left > 0) {
        const int32_t count = left < 4 ? left : 4;
        for (int32_t i = 0; i < count; i++) {
            tc_conv_gather_bytes(p, &at, values + i);
            tc_conv_next(p, &at);
        }
        tc_conv_run(p, values, out, count);
        out += count * p->out_c;
        left -= count;
    }
}

/* Convolution for input channels in fours. The windows of four output pixels become 16-bit pairs, pixels side by side
 * (values 0 and 2 of each four, then 1 and 3, as SXTB16 gives them), and all output channels read these. Taps outside
 * the image hold the zero point, which the bias expects. Scratch: 16 bytes per pair of values of one window.
 * Output may run over input that no later block of pixels reads. */
#include "tc_conv_pixels.h"

static TC_INLINE uint32_t *tc_conv_widen(uint32_t *to, const int8_t *from, int32_t words) {
    for (; words > 0; words--, from += 4, to += 8) {
        const uint32_t word = tc_load32(from);
        to[0] = tc_sxtb16(word);
        to[4] = tc_sxtb16_odd(word);
    }
    return to;
}

static TC_INLINE uint32_t *tc_conv_fill(uint32_t *to, uint32_t zero, int32_t words) {
    for (; words > 0; words--, to += 8) {
        to[0] = zero;
        to[4] = zero;
    }
    return to;
}

static TC_NOINLINE void tc_conv_gather(const tc_s8_conv_block *p, const tc_conv_at *at, uint32_t *to) {
    const int32_t tap = p->in_c / 4;
    const uint32_t zero = tc_pack16(p->in_zero, p->in_zero);
    const int32_t left = at->x * p->stride_w - p->pad_left;
    int32_t y = at->y * p->stride_h - p->pad_top;
    for (int32_t ky = 0; ky < p->kernel_h; ky++, y += p->dilation_h) {
        if (y < 0 || y >= p->in_h) {
            to = tc_conv_fill(to, zero, p->kernel_w * tap);
            continue;
        }
        const int8_t *row = at->image + y * p->in_w * p->in_c;
        if (p->dilation_w == 1) {
            const int32_t before = tc_clamp(-left, 0, p->kernel_w);
            const int32_t after = tc_clamp(left + p->kernel_w - p->in_w, 0, p->kernel_w - before);
            const int32_t first = before < p->kernel_w ? left + before : 0;
            to = tc_conv_fill(to, zero, before * tap);
            to = tc_conv_widen(to, row + (after < p->kernel_w ? first : 0) * p->in_c,
                               (p->kernel_w - before - after) * tap);
            to = tc_conv_fill(to, zero, after * tap);
            continue;
        }
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t x = left + kx * p->dilation_w;
            to = x < 0 || x >= p->in_w ? tc_conv_fill(to, zero, tap) : tc_conv_widen(to, row + x * p->in_c, tap);
        }
    }
}

TC_KERNEL void tc_s8_conv_2d_words__dsp(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch) {
    uint32_t *values = (uint32_t *)scratch;
    tc_conv_at at = {in, 0, 0};
    int32_t left = p->batch * p->out_h * p->out_w;
    while (left > 0) {
        const int32_t count = left < 4 ? left : 4;
        for (int32_t i = 0; i < count; i++) {
            tc_conv_gather(p, &at, values + i);
            tc_conv_next(p, &at);
        }
        tc_conv_run(p, values, out, count);
        out += count * p->out_c;
        left -= count;
    }
}

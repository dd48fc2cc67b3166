/* Convolution of int16 by int8 on SMLAD, two pixels by two channels. Windows are copied into scratch one after the
 * other, padded to pairs; pixels of a 1x1 kernel with pairs of channels are read in place. Per two channels A, B and
 * two values k, l the weights are [A.k, B.k, A.l, B.l]; those of a last odd channel [A.k, A.l]. Sums of 32 bits hold
 * `chunk` pairs of values, whatever these are. Output may run over input that no later window reads. */
#include "tc_conv_wide.h"
#include "tc_dsp.h"

/* The window of one output pixel; taps outside the image are 0, the zero point. */
static TC_NOINLINE const int16_t *tc_s16_conv_window(const tc_s16_conv_pairs *p, const int16_t *in, int32_t pixel,
                                                     int16_t *to) {
    const int32_t column = pixel % p->window.out_w;
    const int32_t row = pixel / p->window.out_w;
    const int16_t *image = in + row / p->window.out_h * (p->window.in_h * p->window.in_w * p->window.in_c);
    const int32_t left = column * p->window.stride_w - p->window.pad_left;
    int32_t y = row % p->window.out_h * p->window.stride_h - p->window.pad_top;
    const int16_t *window = to;
    if (p->direct) {
        return image + (y * p->window.in_w + left) * p->window.in_c;
    }
    for (int32_t ky = p->window.kernel_h; ky > 0; ky--, y += p->window.dilation_h) {
        int32_t x = left;
        for (int32_t kx = p->window.kernel_w; kx > 0; kx--, x += p->window.dilation_w) {
            if (y < 0 || y >= p->window.in_h || x < 0 || x >= p->window.in_w) {
                TC_MEMSET(to, 0, (size_t)p->window.in_c * sizeof *to);
            } else {
                TC_MEMCPY(to, image + (y * p->window.in_w + x) * p->window.in_c, (size_t)p->window.in_c * sizeof *to);
            }
            to += p->window.in_c;
        }
    }
    if ((to - window) % 2 != 0) {
        *to = 0;
    }
    return window;
}

/* Sums of two channels for two windows: first window's first and second channel, then the other's. */
static TC_NOINLINE const int8_t *tc_s16_conv_pair(const tc_s16_conv_pairs *p, const int16_t *one, const int16_t *two,
                                                  const int8_t *w, int64_t sums[4]) {
    for (int i = 0; i < 4; i++) {
        sums[i] = 0;
    }
    for (int32_t left = p->pairs; left > 0; left -= p->chunk) {
        int32_t a = 0;
        int32_t b = 0;
        int32_t c = 0;
        int32_t d = 0;
        for (int32_t i = left < p->chunk ? left : p->chunk; i > 0; i--, one += 2, two += 2, w += 4) {
            const uint32_t word = tc_load32(w);
            const uint32_t first = tc_load32(one);
            const uint32_t second = tc_load32(two);
            const uint32_t even = tc_sxtb16(word);
            const uint32_t odd = tc_sxtb16_odd(word);
            a = tc_smlad(first, even, a);
            b = tc_smlad(first, odd, b);
            c = tc_smlad(second, even, c);
            d = tc_smlad(second, odd, d);
        }
        sums[0] += a;
        sums[1] += b;
        sums[2] += c;
        sums[3] += d;
    }
    return w;
}

static TC_INLINE int64_t tc_s16_conv_last(const tc_s16_conv_pairs *p, const int16_t *window, const int8_t *w) {
    int64_t sum = 0;
    for (int32_t left = p->pairs; left > 0; left -= p->chunk) {
        int32_t part = 0;
        for (int32_t i = left < p->chunk ? left : p->chunk; i > 0; i--, window += 2, w += 2) {
            part = tc_smlad(tc_load32(window), tc_pack16(w[0], w[1]), part);
        }
        sum += part;
    }
    return sum;
}

TC_KERNEL void tc_s16_conv_2d__dsp(const tc_s16_conv_pairs *p, const int16_t *in, int16_t *out, void *scratch) {
    int16_t *buffer = (int16_t *)scratch;
    const int32_t pixels = p->window.batch * p->window.out_h * p->window.out_w;
    for (int32_t pixel = 0; pixel < pixels; pixel += 2, out += 2 * p->window.out_c) {
        const int both = pixel + 1 < pixels;
        const int16_t *one = tc_s16_conv_window(p, in, pixel, buffer);
        const int16_t *two = both ? tc_s16_conv_window(p, in, pixel + 1, buffer + 2 * p->pairs) : one;
        int16_t *second =
            out + (both ? p->window.out_c : 0); /* a pixel that is not there lies where the other is written */
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        int32_t c = 0;
        for (; c + 1 < p->window.out_c; c += 2, channel += 6) {
            int64_t sums[4];
            w = tc_s16_conv_pair(p, one, two, w, sums);
            second[c] = tc_s16_finish(sums[2], channel, p->act_min, p->act_max);
            second[c + 1] = tc_s16_finish(sums[3], channel + 3, p->act_min, p->act_max);
            out[c] = tc_s16_finish(sums[0], channel, p->act_min, p->act_max);
            out[c + 1] = tc_s16_finish(sums[1], channel + 3, p->act_min, p->act_max);
        }
        if (c < p->window.out_c) {
            second[c] = tc_s16_finish(tc_s16_conv_last(p, two, w), channel, p->act_min, p->act_max);
            out[c] = tc_s16_finish(tc_s16_conv_last(p, one, w), channel, p->act_min, p->act_max);
        }
    }
}

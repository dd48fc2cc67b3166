/* Convolution in plain C: the windows of two pixels are copied into rows of bytes, values plus 128, which eight output
 * channels at a time read; their weights lie as tc_halves.h says, channels come in eights. With v = value + 128,
 * sum(value * weight) = sum(v * weight) - 128 * sum(weight): the last term is part of the bias. Taps outside the image
 * hold the zero point. Scratch: two windows. Output may run over input that no later two pixels read. */
#include "tc_conv_window_row.h"
#include "tc_halves.h"

TC_HALVES(tc_conv_halves, uint8_t, "")

#if defined(__arm__)

/* Two rows one after the other: no room for so many sums. */
static TC_INLINE const uint8_t *tc_conv_two_halves(const uint8_t *v, const uint8_t *w, int32_t depth, int32_t *sums) {
    tc_conv_halves(v + depth, w, depth, sums + 8);
    return tc_conv_halves(v, w, depth, sums);
}

#else

#define TC_CONV_TWO_ONE(k, at)                                                    \
    weight = (k) % 2 ? w[8 * (at) + ((k) ^ 1)] : (int8_t)w[8 * (at) + ((k) ^ 1)]; \
    first##k += (uint32_t)(value * weight);                                       \
    second##k += (uint32_t)(other * weight);                                      \
    TC_HALVES_HOLD;
#define TC_CONV_TWO_VALUE(at) \
    value = v[at];            \
    other = u[at];            \
    TC_CONV_TWO_ONE(0, at)    \
    TC_CONV_TWO_ONE(1, at)    \
    TC_CONV_TWO_ONE(2, at)    \
    TC_CONV_TWO_ONE(3, at)    \
    TC_CONV_TWO_ONE(4, at)    \
    TC_CONV_TWO_ONE(5, at)    \
    TC_CONV_TWO_ONE(6, at)    \
    TC_CONV_TWO_ONE(7, at)

/* Two rows at once, where registers hold sixteen sums. */
static TC_NOINLINE const uint8_t *tc_conv_two_halves(const uint8_t *v, const uint8_t *w, int32_t depth, int32_t *sums) {
    uint32_t first0 = 0, first1 = 0, first2 = 0, first3 = 0, first4 = 0, first5 = 0, first6 = 0, first7 = 0;
    uint32_t second0 = 0, second1 = 0, second2 = 0, second3 = 0, second4 = 0, second5 = 0, second6 = 0, second7 = 0;
    const uint8_t *u = v + depth;
    const uint8_t *end = u - depth % 2;
    int32_t value;
    int32_t other;
    int32_t weight;
    for (; v != end; v += 2, u += 2, w += 16) {
        TC_CONV_TWO_VALUE(0)
        TC_CONV_TWO_VALUE(1)
    }
    if (depth % 2 != 0) {
        TC_CONV_TWO_VALUE(0)
        w += 8;
    }
    const uint32_t all[16] = {first0,  first1,  first2,  first3,  first4,  first5,  first6,  first7,
                              second0, second1, second2, second3, second4, second5, second6, second7};
    for (int i = 0; i < 16; i++) {
        sums[i] = (int32_t)all[i];
    }
    return w;
}

#endif

/* Eight channels of a pixel. */
static TC_NOINLINE void tc_conv_eight(const tc_s8_conv_rows *p, const int32_t *sums, const int32_t *channel,
                                      int32_t excess, int8_t *out) {
    const int32_t zero = p->out_zero;
    const int32_t low = p->act_min;
    const int32_t high = p->act_max;
    for (const int32_t *end = sums + 8; sums != end; sums += 2, channel += 6, out += 2) {
        out[0] = tc_s8_finish(sums[0], channel, zero, low, high);
        out[1] = tc_s8_finish(sums[1] - excess, channel + 3, zero, low, high);
    }
}

TC_KERNEL void tc_s8_conv_2d_halves__c(const tc_s8_conv_rows *p, const int8_t *in, int8_t *out, void *scratch) {
    uint8_t *row = (uint8_t *)scratch;
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t left = p->window.batch * p->window.out_h * p->window.out_w; left > 0; left -= 2) {
        int32_t excess[2];
        for (int i = 0; i < 2 && i < left; i++) {
            excess[i] = (int32_t)(tc_conv_window_row(p, in, y, x, row + i * p->depth) << 7);
            if (++x == p->window.out_w) {
                x = 0;
                if (++y == p->window.out_h) {
                    y = 0;
                    in += image;
                }
            }
        }
        const uint8_t *w = p->weights;
        const int32_t *channel = p->channels;
        for (int32_t c = 0; c < p->window.out_c; c += 8, channel += 24, out += 8) {
            int32_t sums[16];
            if (left > 1) {
                w = tc_conv_two_halves(row, w, p->depth, sums);
                tc_conv_eight(p, sums + 8, channel, excess[1], out + p->window.out_c);
            } else {
                w = tc_conv_halves(row, w, p->depth, sums);
            }
            tc_conv_eight(p, sums, channel, excess[0], out);
        }
        out += p->window.out_c;
    }
}

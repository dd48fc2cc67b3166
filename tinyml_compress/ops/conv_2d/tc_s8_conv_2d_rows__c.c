/* Convolution in plain C: a window is copied into one row of bytes, which four output channels at a time read. Values
 * and weights are stored plus 128, so that the smallest cores load both in one instruction; with v = value + 128 and w
 * = weight + 128, sum(value * weight) = sum(v * w) - 128 * sum(v) - 128 * sum(weight): the last term is part of the
 * bias. Taps outside the image hold the zero point. Scratch: one window. Output may run over input that no later pixel
 * reads. */
#include "tc_conv.h"

typedef struct {
    int32_t batch;
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h;
    int32_t out_w;
    int32_t out_c;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t in_zero;
    int32_t out_zero;
    int32_t act_min;
    int32_t act_max;
    int32_t depth;           /* values of a window */
    const uint8_t *weights;  /* per four channels the four weights of each value; the rest row by row */
    const int32_t *channels; /* per channel bias, multiplier, shift */
} tc_s8_conv_rows;

/* Copies `count` values and returns their sum. */
static TC_INLINE uint32_t tc_conv_row(uint8_t *to, const int8_t *from, int32_t count) {
    uint32_t sum = 0;
    for (; count > 0; count--) {
        const uint32_t value = (uint8_t)*from++ ^ 0x80u;
        *to++ = (uint8_t)value;
        sum += value;
    }
    return sum;
}

static TC_INLINE uint32_t tc_conv_blank(uint8_t *to, uint32_t value, int32_t count) {
    for (int32_t left = count; left > 0; left--) {
        *to++ = (uint8_t)value;
    }
    return value * (uint32_t)count;
}

/* The window of one output pixel; returns the sum of its values. */
static TC_NOINLINE uint32_t tc_conv_window_row(const tc_s8_conv_rows *p, const int8_t *image, int32_t out_y,
                                               int32_t out_x, uint8_t *row) {
    const uint32_t zero = (uint32_t)(p->in_zero + 128);
    const int32_t left = out_x * p->stride_w - p->pad_left;
    const int32_t run = p->kernel_w * p->in_c;
    const int whole = p->dilation_w == 1 && left >= 0 && left + p->kernel_w <= p->in_w;
    int32_t y = out_y * p->stride_h - p->pad_top;
    uint32_t sum = 0;
    for (int32_t ky = p->kernel_h; ky > 0; ky--, y += p->dilation_h) {
        if (y < 0 || y >= p->in_h) {
            sum += tc_conv_blank(row, zero, run);
            row += run;
            continue;
        }
        const int8_t *line = image + y * p->in_w * p->in_c;
        if (whole) {
            sum += tc_conv_row(row, line + left * p->in_c, run);
            row += run;
            continue;
        }
        int32_t x = left;
        for (int32_t kx = p->kernel_w; kx > 0; kx--, x += p->dilation_w, row += p->in_c) {
            sum += x < 0 || x >= p->in_w ? tc_conv_blank(row, zero, p->in_c)
                                         : tc_conv_row(row, line + x * p->in_c, p->in_c);
        }
    }
    return sum;
}

#define TC_CONV_FOUR(k)          \
    value = v[k];                \
    a += value * w[4 * (k)];     \
    b += value * w[4 * (k) + 1]; \
    c += value * w[4 * (k) + 2]; \
    d += value * w[4 * (k) + 3];

/* Four channels' sums for one row. */
static TC_NOINLINE const uint8_t *tc_conv_four(const uint8_t *v, const uint8_t *w, int32_t depth, uint32_t sums[4]) {
    const uint8_t *end = v + (depth - depth % 4);
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    uint32_t value;
    for (; v != end; v += 4, w += 16) {
        TC_CONV_FOUR(0)
        TC_CONV_FOUR(1)
        TC_CONV_FOUR(2)
        TC_CONV_FOUR(3)
    }
    for (end += depth % 4; v != end; v++, w += 4) {
        TC_CONV_FOUR(0)
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    return w;
}

TC_KERNEL void tc_s8_conv_2d_rows__c(const tc_s8_conv_rows *p, const int8_t *in, int8_t *out, void *scratch) {
    uint8_t *row = (uint8_t *)scratch;
    for (int32_t b = p->batch; b > 0; b--, in += p->in_h * p->in_w * p->in_c) {
        for (int32_t y = 0; y < p->out_h; y++) {
            for (int32_t x = 0; x < p->out_w; x++) {
                const uint32_t excess = tc_conv_window_row(p, in, y, x, row) << 7;
                const uint8_t *w = p->weights;
                const int32_t *channel = p->channels;
                int32_t left = p->out_c;
                for (; left >= 4; left -= 4) {
                    uint32_t sums[4];
                    w = tc_conv_four(row, w, p->depth, sums);
                    for (int i = 0; i < 4; i++, channel += 3) {
                        *out++ =
                            tc_s8_finish((int32_t)(sums[i] - excess), channel, p->out_zero, p->act_min, p->act_max);
                    }
                }
                for (; left > 0; left--, channel += 3) {
                    uint32_t sum = 0;
                    for (int32_t k = 0; k < p->depth; k++) {
                        sum += (uint32_t)row[k] * *w++;
                    }
                    *out++ = tc_s8_finish((int32_t)(sum - excess), channel, p->out_zero, p->act_min, p->act_max);
                }
            }
        }
    }
}

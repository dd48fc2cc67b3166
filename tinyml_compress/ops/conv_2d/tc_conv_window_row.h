/* A window as one row of bytes, in plain C. Values are stored plus 128, so that the smallest cores load them in one
 * instruction; taps outside the image hold the zero point. */
#ifndef TC_CONV_WINDOW_ROW_H
#define TC_CONV_WINDOW_ROW_H

#include "tc_conv.h"

#if defined(__GNUC__)
typedef uint32_t __attribute__((may_alias)) tc_conv_row_word;

/* The same for words at word boundaries, two sums side by side: 128 words at a time keep these within 16 bits. */
static TC_NOINLINE uint32_t tc_conv_rows_words(uint8_t *to, const int8_t *from, int32_t words) {
    tc_conv_row_word *target = (tc_conv_row_word *)(void *)to;
    const tc_conv_row_word *source = (const tc_conv_row_word *)(const void *)from;
    uint32_t sum = 0;
    while (words > 0) {
        const tc_conv_row_word *end = source + (words < 128 ? words : 128);
        uint32_t pair = 0;
        words -= 128;
        while (source != end) {
            const uint32_t word = *source++ ^ 0x80808080u;
            *target++ = word;
            pair += (word & 0x00ff00ffu) + ((word >> 8) & 0x00ff00ffu);
        }
        sum += (pair & 0xffffu) + (pair >> 16);
    }
    return sum;
}
#endif

/* Copies `count` values and returns their sum. */
static TC_NOINLINE uint32_t tc_conv_row(uint8_t *to, const int8_t *from, int32_t count, int32_t aligned) {
#if defined(__GNUC__)
    if (aligned) {
        return tc_conv_rows_words(to, from, count / 4);
    }
#else
    (void)aligned;
#endif
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
    const int32_t left = out_x * p->window.stride_w - p->window.pad_left;
    const int32_t run = p->window.kernel_w * p->window.in_c;
    const int whole = p->window.dilation_w == 1 && left >= 0 && left + p->window.kernel_w <= p->window.in_w;
    const int32_t aligned = p->window.in_c % 4 == 0; /* tensors and scratch start on words */
    int32_t y = out_y * p->window.stride_h - p->window.pad_top;
    uint32_t sum = 0;
    for (int32_t ky = p->window.kernel_h; ky > 0; ky--, y += p->window.dilation_h) {
        if (y < 0 || y >= p->window.in_h) {
            sum += tc_conv_blank(row, zero, run);
            row += run;
            continue;
        }
        const int8_t *line = image + y * p->window.in_w * p->window.in_c;
        if (whole) {
            sum += tc_conv_row(row, line + left * p->window.in_c, run, aligned);
            row += run;
            continue;
        }
        int32_t x = left;
        for (int32_t kx = p->window.kernel_w; kx > 0; kx--, x += p->window.dilation_w, row += p->window.in_c) {
            sum += x < 0 || x >= p->window.in_w ? tc_conv_blank(row, zero, p->window.in_c)
                                                : tc_conv_row(row, line + x * p->window.in_c, p->window.in_c, aligned);
        }
    }
    return sum;
}

#endif

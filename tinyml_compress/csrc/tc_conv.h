/* Parameters that all int8 convolutions share, and the end of every int8 product. */
#ifndef TC_CONV_H
#define TC_CONV_H

#include "tc_requant.h"

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
    int32_t group_in;  /* input channels that one output channel sees */
    int32_t group_out; /* output channels that see the same input channels */
    int32_t in_zero;
    int32_t out_zero;
    int32_t act_min;
    int32_t act_max;
    const int8_t *weights;
    const int32_t *channels; /* per output channel, laid out as the kernel says */
} tc_s8_conv;

/* An accumulator becomes an output; `channel` is {bias, multiplier, shift}. */
static TC_INLINE int8_t tc_s8_finish(int32_t acc, const int32_t *channel, int32_t zero, int32_t low, int32_t high) {
    const int32_t scaled = tc_requantize(tc_add(acc, channel[0]), channel[1], (int)channel[2]);
    return (int8_t)tc_clamp(tc_add(scaled, zero), low, high);
}

#endif

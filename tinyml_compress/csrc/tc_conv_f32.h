/* Parameters of float convolutions, and the end of every float product. A product and its sum stand in statements of
 * their own: compilers must not contract them, or the bits would depend on the core. */
#ifndef TC_CONV_F32_H
#define TC_CONV_F32_H

#include "tc_bounded.h"

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
    float act_min;
    float act_max;
    const float *weights;
    const float *bias;
} tc_f32_conv;

#endif

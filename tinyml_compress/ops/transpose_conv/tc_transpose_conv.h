/* Transposed convolution. */
#ifndef TC_TRANSPOSE_CONV_H
#define TC_TRANSPOSE_CONV_H

#include "tc_requant.h"

typedef struct {
    int32_t batches;
    int32_t in_height;
    int32_t in_width;
    int32_t in_depth;
    int32_t height; /* of the window */
    int32_t width;
    int32_t out_height;
    int32_t out_width;
    int32_t out_depth;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_h;
    int32_t pad_w;
    int32_t in_zero_point;
    int32_t zero_point;
    const int8_t *weights;   /* output channel, row, column, input channel */
    const int32_t *channels; /* bias, multiplier, shift of every output channel */
} tc_transpose_conv_params;

typedef struct {
    int32_t batches;
    int32_t in_height;
    int32_t in_width;
    int32_t in_depth;
    int32_t height; /* of the window */
    int32_t width;
    int32_t out_height;
    int32_t out_width;
    int32_t out_depth;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_h;
    int32_t pad_w;
    const int8_t *weights;   /* output channel, row, column, input channel */
    const int64_t *bias;     /* of every output channel */
    const int32_t *channels; /* multiplier and shift of every output channel */
} tc_s16_transpose_conv_params;

typedef struct {
    int32_t batches;
    int32_t in_height;
    int32_t in_width;
    int32_t in_depth;
    int32_t height; /* of the window */
    int32_t width;
    int32_t out_height;
    int32_t out_width;
    int32_t out_depth;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_h;
    int32_t pad_w;
    const float *weights; /* output channel, row, column, input channel */
    const float *bias;    /* of every output channel */
} tc_f32_transpose_conv_params;

#endif

/* Parameters of int8 fully-connected layers. */
#ifndef TC_FULLY_CONNECTED_H
#define TC_FULLY_CONNECTED_H

#include "tc_conv.h"

typedef struct {
    int32_t batch;
    int32_t in_c;
    int32_t out_c;
    int32_t out_zero;
    int32_t act_min;
    int32_t act_max;
    const int8_t *weights;
    const int32_t *channels; /* per output, laid out as the kernel says */
} tc_s8_fully_connected;

#endif

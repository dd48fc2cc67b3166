/* Stored values to float. */
#ifndef TC_DEQUANTIZE_H
#define TC_DEQUANTIZE_H

#include "tc_base.h"

typedef struct {
    int32_t count;
    float scale;
    int32_t zero_point;
} tc_dequantize_params;

#endif

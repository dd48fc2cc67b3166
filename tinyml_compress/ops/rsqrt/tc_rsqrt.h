/* Inverse square roots of quantized values. */
#ifndef TC_RSQRT_H
#define TC_RSQRT_H

#include "tc_inverse_sqrt.h"

typedef struct {
    int32_t count;
    int32_t in_zero_point;
    int32_t multiplier;
    int32_t shift;
    int32_t zero_point;
} tc_rsqrt_params;

#endif

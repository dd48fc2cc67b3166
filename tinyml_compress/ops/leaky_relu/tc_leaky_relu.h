/* Leaky ReLU. */
#ifndef TC_LEAKY_RELU_H
#define TC_LEAKY_RELU_H

#include "tc_requant.h"

typedef struct {
    int32_t count;
    int32_t in_zero_point;
    int32_t multiplier; /* of inputs that are not negative */
    int32_t shift;
    int32_t alpha_multiplier; /* of the others */
    int32_t alpha_shift;
    int32_t zero_point;
} tc_leaky_relu_params;

typedef struct {
    int32_t count;
    float alpha;
} tc_f32_leaky_relu_params;

#endif

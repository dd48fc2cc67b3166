/* Vectors divided by their length. */
#ifndef TC_L2_NORMALIZATION_H
#define TC_L2_NORMALIZATION_H

#include "tc_base.h"

typedef struct {
    int32_t vectors;
    int32_t depth;
    int32_t zero_point; /* of the input */
} tc_l2_normalization_params;

#endif

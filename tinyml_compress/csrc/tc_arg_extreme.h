/* Where along an axis the smallest or largest element is. */
#ifndef TC_ARG_EXTREME_H
#define TC_ARG_EXTREME_H

#include "tc_base.h"

typedef struct {
    int32_t outer;
    int32_t size; /* of the axis */
    int32_t inner;
    int32_t larger; /* 1 for the largest, 0 for the smallest */
} tc_arg_extreme_params;

#endif

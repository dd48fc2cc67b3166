/* Reductions: for every output element a walk over the input elements that it gathers. */
#ifndef TC_REDUCE_H
#define TC_REDUCE_H

#include "tc_requant.h"
#include "tc_walk.h"

/* `kept` walks (one lane) where the input elements of each output element start; `reduced` walks them from there. */
typedef struct {
    const int32_t *kept;
    const int32_t *reduced;
    int32_t bias; /* what the input zero point adds to a sum, negated */
    int32_t multiplier;
    int32_t shift;
    int32_t zero_point;
} tc_sum_params;

typedef struct {
    const int32_t *kept;
    const int32_t *reduced;
    float divisor;
} tc_f32_sum_params;

typedef struct {
    const int32_t *kept;
    const int32_t *reduced;
    int32_t larger; /* 1 for the maximum, 0 for the minimum */
} tc_reduce_extreme_params;

#endif

/* Reductions: for every output element a walk over the input elements that it gathers. */
#ifndef TC_REDUCE_H
#define TC_REDUCE_H

#include "tc_requant.h"
#include "tc_walk.h"

typedef struct {
    const int32_t *kept;    /* one lane: where an output element's input elements start */
    const int32_t *reduced; /* one lane: those elements, from that start */
} tc_reduce_params;

typedef struct {
    const int32_t *kept;
    const int32_t *reduced;
    int32_t bias; /* what the input zero point adds to a sum, negated */
    int32_t multiplier;
    int32_t shift;
    int32_t zero_point;
} tc_sum_params;

#endif

/* Sums of several tensors, one after another. */
#ifndef TC_ADD_N_H
#define TC_ADD_N_H

#include "tc_requant.h"

typedef struct {
    int32_t count;
    int32_t first; /* whether this is the first, and the last, of the inputs */
    int32_t last;
    int32_t in_zero_point;
    int32_t multiplier;
    int32_t shift;
    int32_t zero_point;
} tc_add_n_params;

#endif

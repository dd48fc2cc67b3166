/* The int8 sum on cores with DSP instructions. The input of the larger scale (the wide one) only has to be shifted;
 * the other (the fine one) is scaled first. Exact under conditions that the generator checks. */
#ifndef TC_ADD_FAST_H
#define TC_ADD_FAST_H

#include "tc_dsp.h"

typedef struct {
    int32_t count;
    int32_t wide_zero_point;
    int32_t fine_zero_point;
    int32_t fine_left;
    int32_t fine_multiplier;
    int32_t fine_half;
    int32_t fine_shift;
    int32_t finish[4]; /* see tc_fast_finish */
} tc_add_fast_params;

typedef struct {
    int32_t count;
    const int32_t *fine; /* the scaled fine input by its bits, and what the wide zero point adds */
    int32_t finish[4];
} tc_add_table_params;

#endif

/* From a feature to a model's input: scale, mean and deviation in whole numbers, then the stored value that is
 * nearest. */
#ifndef TC_INPUT_H
#define TC_INPUT_H

#include "tc_requant.h"

typedef struct {
    int32_t slices; /* of the last axis that have a multiplier each; 1: one for all */
    int32_t shift;
    int32_t largest;
    const int32_t *multipliers;
    const int64_t *offsets;
    int64_t stored_multiplier;
    int64_t stored_divisor; /* of inputs of 16 bits; else 0, and a shift does */
    int32_t stored_shift;
    int32_t most;
    int32_t zero_point;
    int32_t low;
    int32_t high;
} tc_input_params;

static TC_INLINE int32_t tc_input(const tc_input_params *p, int32_t feature, int32_t index) {
    const int32_t slice = p->slices == 1 ? 0 : index;
    const int64_t input = ((int64_t)feature * p->multipliers[slice] + p->offsets[slice]) >> p->shift;
    return (int32_t)(input < -p->largest ? -p->largest : (input > p->largest ? p->largest : input));
}

/* Ties away from zero. */
static TC_INLINE int32_t tc_input_stored(const tc_input_params *p, int32_t input) {
    const int32_t size = input < 0 ? -input : input;
    const int32_t cut = size < p->most ? size : p->most;
    const int64_t product = p->stored_multiplier * cut;
    const int64_t half = ((int64_t)1 << p->stored_shift) >> 1;
    const int32_t steps = p->stored_divisor == 0
                              ? (int32_t)((product + half) >> p->stored_shift)
                              : (int32_t)((2 * product + p->stored_divisor) / (2 * p->stored_divisor));
    return tc_clamp((input < 0 ? -steps : steps) + p->zero_point, p->low, p->high);
}

#endif

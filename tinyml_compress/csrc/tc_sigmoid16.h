/* The logistic function of int16 by interpolation in a table of 256 entries, and what leads to it. */
#ifndef TC_SIGMOID16_H
#define TC_SIGMOID16_H

#include "tc_base.h"

typedef struct {
    int32_t count;
    int32_t multiplier;
    int32_t shift; /* to the right */
    const uint16_t *table;
} tc_sigmoid16_params;

/* The input on the table's scale, rounded. */
static TC_INLINE int32_t tc_sigmoid16_scaled(const tc_sigmoid16_params *p, int32_t x) {
    const int32_t rounding = p->shift > 0 ? (int32_t)((uint32_t)1 << (p->shift - 1)) : 0;
    return (x * p->multiplier + rounding) >> p->shift;
}

#endif

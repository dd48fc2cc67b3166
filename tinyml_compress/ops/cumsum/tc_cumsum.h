/* Running sums along an axis. */
#ifndef TC_CUMSUM_H
#define TC_CUMSUM_H

#include "tc_requant.h"

typedef struct {
    int32_t before; /* product of the sizes in front of the axis */
    int32_t size;   /* of the axis */
    int32_t after;  /* product of the sizes behind it */
    int32_t exclusive;
    int32_t reverse;
    int32_t in_zero_point;
    int32_t multiplier;
    int32_t shift;
    int32_t zero_point;
} tc_cumsum_params;

/* Index of element `i` of the sum, from the side on which it starts. */
static TC_INLINE int32_t tc_cumsum_index(const tc_cumsum_params *p, int32_t i) {
    return (p->reverse ? p->size - 1 - i : i) * p->after;
}

#endif

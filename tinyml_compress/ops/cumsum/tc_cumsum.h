/* Running sums along an axis. */
#ifndef TC_CUMSUM_H
#define TC_CUMSUM_H

#include "tc_requant.h"

/* Index of element `i` of the sum, from the side on which it starts. */
static TC_INLINE int32_t tc_cumsum_index(const tc_cumsum_params *p, int32_t i) {
    return (p->reverse ? p->size - 1 - i : i) * p->after;
}

#endif

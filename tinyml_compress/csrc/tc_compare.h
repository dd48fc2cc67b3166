/* Comparisons: what they answer when the first is less, equal, greater, or cannot be compared. */
#ifndef TC_COMPARE_H
#define TC_COMPARE_H

#include "tc_broadcast.h"
#include "tc_requant.h"

/* The value on a scale that both inputs share. */
static TC_INLINE int32_t tc_compare_scaled(int32_t x, int32_t multiplier, int32_t shift) {
    return tc_requantize((int32_t)((uint32_t)x << 8), multiplier, shift);
}

#define TC_COMPARED(X, Y) ((X) < (Y) ? p->less : ((X) == (Y) ? p->equal : ((X) > (Y) ? p->greater : p->unordered)))

#endif

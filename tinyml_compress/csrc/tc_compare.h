/* Comparisons: what they answer when the first is less, equal, greater, or cannot be compared. */
#ifndef TC_COMPARE_H
#define TC_COMPARE_H

#include "tc_broadcast.h"
#include "tc_requant.h"

typedef struct {
    int32_t count;
    const int32_t *walk;
    int32_t less;
    int32_t equal;
    int32_t greater;
    int32_t unordered;
} tc_compare_params;

typedef struct {
    int32_t count;
    const int32_t *walk;
    int32_t less;
    int32_t equal;
    int32_t greater;
    int32_t zero_point1;
    int32_t multiplier1;
    int32_t shift1;
    int32_t zero_point2;
    int32_t multiplier2;
    int32_t shift2;
} tc_compare_scaled_params;

/* The value on a scale that both inputs share. */
static TC_INLINE int32_t tc_compare_scaled(int32_t x, int32_t multiplier, int32_t shift) {
    return tc_requantize((int32_t)((uint32_t)x << 8), multiplier, shift);
}

#define TC_COMPARED(X, Y) ((X) < (Y) ? p->less : ((X) == (Y) ? p->equal : ((X) > (Y) ? p->greater : p->unordered)))

#endif

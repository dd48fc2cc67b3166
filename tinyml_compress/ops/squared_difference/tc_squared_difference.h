/* Quantized squared difference: both inputs brought to one scale, subtracted, squared, requantized. */
#ifndef TC_SQUARED_DIFFERENCE_H
#define TC_SQUARED_DIFFERENCE_H

#include "tc_addsub.h"
#include "tc_broadcast.h"

static TC_INLINE int32_t tc_squared_difference(const tc_addsub_params *p, int32_t x1, int32_t x2) {
    const int32_t scaled1 = tc_addsub_scaled(x1 - p->zero_point1, p->left_shift, p->multiplier1, p->shift1);
    const int32_t scaled2 = tc_addsub_scaled(x2 - p->zero_point2, p->left_shift, p->multiplier2, p->shift2);
    const uint32_t difference = (uint32_t)scaled1 - (uint32_t)scaled2;
    const int32_t raw = tc_requantize((int32_t)(difference * difference), p->multiplier, p->shift);
    return tc_clamp(raw + p->zero_point, p->low, p->high);
}

#endif

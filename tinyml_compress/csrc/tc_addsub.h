/* Quantized sum and difference: both inputs brought to one fine scale, combined, requantized. */
#ifndef TC_ADDSUB_H
#define TC_ADDSUB_H

#include "tc_requant.h"

static TC_INLINE int32_t tc_addsub_scaled(int32_t x, int32_t left_shift, int32_t multiplier, int32_t shift) {
    return tc_requantize((int32_t)((uint32_t)x << left_shift), multiplier, shift);
}

/* `sign` is 1 for the sum and -1 for the difference. */
static TC_INLINE int32_t tc_addsub(const tc_addsub_params *p, int32_t x1, int32_t x2, int32_t sign) {
    const int32_t scaled1 = tc_addsub_scaled(x1 - p->zero_point1, p->left_shift, p->multiplier1, p->shift1);
    const int32_t scaled2 = tc_addsub_scaled(x2 - p->zero_point2, p->left_shift, p->multiplier2, p->shift2);
    const int32_t raw = tc_requantize(scaled1 + sign * scaled2, p->multiplier, p->shift);
    return tc_clamp(raw + p->zero_point, p->low, p->high);
}

#endif

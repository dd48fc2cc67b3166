/* Quantized product. */
#ifndef TC_MUL_H
#define TC_MUL_H

#include "tc_requant.h"

static TC_INLINE int32_t tc_mul(const tc_mul_params *p, int32_t x1, int32_t x2) {
    const int32_t product = (x1 - p->zero_point1) * (x2 - p->zero_point2);
    return tc_clamp(tc_requantize(product, p->multiplier, p->shift) + p->zero_point, p->low, p->high);
}

#endif

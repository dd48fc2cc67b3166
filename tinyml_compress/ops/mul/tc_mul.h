/* Quantized product. */
#ifndef TC_MUL_H
#define TC_MUL_H

#include "tc_requant.h"

static TC_INLINE int32_t tc_mul_end(const tc_mul_params *p, int32_t scaled) {
    return tc_clamp(scaled + p->zero_point, p->low, p->high);
}

static TC_INLINE int8_t tc_mul_s8(const tc_mul_params *p, int32_t x1, int32_t x2) {
    const int32_t product = (x1 - p->zero_point1) * (x2 - p->zero_point2);
    return (int8_t)tc_mul_end(p, tc_requantize_short(product, p->multiplier, p->shift));
}

static TC_INLINE int16_t tc_mul_s16(const tc_mul_params *p, int32_t x1, int32_t x2) {
    const int32_t product = (x1 - p->zero_point1) * (x2 - p->zero_point2);
    return (int16_t)tc_mul_end(p, tc_requantize(product, p->multiplier, p->shift));
}

#endif

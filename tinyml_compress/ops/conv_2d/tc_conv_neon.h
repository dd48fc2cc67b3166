/* Convolutions with vectors of AArch64: four windows, as rows of bytes, by four output channels. */
#ifndef TC_CONV_NEON_H
#define TC_CONV_NEON_H

#include "tc_neon_products.h"

static TC_INLINE tc_neon_matrix tc_conv_neon_matrix(const tc_s8_conv *p, int32_t steps) {
    const tc_neon_matrix by = {p->weights, p->channels, p->window.out_c, steps, {p->out_zero, p->act_min, p->act_max}};
    return by;
}

#endif

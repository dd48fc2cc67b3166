/* Quantized parametric ReLU. */
#ifndef TC_PRELU_H
#define TC_PRELU_H

#include "tc_broadcast.h"
#include "tc_requant.h"

static TC_INLINE int32_t tc_prelu(const tc_prelu_params *p, int32_t x, int32_t alpha) {
    const int32_t value = x - p->in_zero_point;
    const int32_t scaled =
        value >= 0 ? tc_requantize(value, p->multiplier, p->shift)
                   : tc_requantize(value * (alpha - p->alpha_zero_point), p->alpha_multiplier, p->alpha_shift);
    return tc_clamp((int32_t)((uint32_t)scaled + (uint32_t)p->zero_point), p->low, p->high);
}

#endif

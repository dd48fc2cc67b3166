/* Leaky ReLU of int16. */
#include "tc_requant.h"

TC_KERNEL void tc_s16_leaky_relu__c(const tc_leaky_relu_params *p, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t x = in[i] - p->in_zero_point;
        const int32_t scaled =
            x >= 0 ? tc_requantize(x, p->multiplier, p->shift) : tc_requantize(x, p->alpha_multiplier, p->alpha_shift);
        out[i] = (int16_t)tc_clamp((int32_t)((uint32_t)scaled + (uint32_t)p->zero_point), -32768, 32767);
    }
}

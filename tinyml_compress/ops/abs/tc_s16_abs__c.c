/* Absolute value of int16, rescaled. */
#include "tc_rescale.h"

TC_KERNEL void tc_s16_abs__c(const tc_rescale_params *p, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t x = in[i] < 0 ? -in[i] : in[i];
        out[i] = (int16_t)tc_clamp(tc_requantize(x, p->multiplier, p->shift), p->low, p->high);
    }
}

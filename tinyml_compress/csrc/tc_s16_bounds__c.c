/* Clamps each int16 value. */
#include "tc_rescale.h"

TC_KERNEL void tc_s16_bounds__c(const tc_bounds_params *p, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int16_t)tc_clamp(in[i], p->low, p->high);
    }
}

/* Clamps each int8 value. */
#include "tc_rescale.h"

TC_KERNEL void tc_s8_bounds__c(const tc_bounds_params *p, const int8_t *in, int8_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int8_t)tc_clamp(in[i], p->low, p->high);
    }
}

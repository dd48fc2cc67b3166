/* Rescales int16_t to int32_t. */
#include "tc_rescale.h"

TC_KERNEL void tc_s16_s32_rescale__c(const tc_rescale_params *p, const int16_t *in, int32_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int32_t)tc_rescale(p, in[i]);
    }
}

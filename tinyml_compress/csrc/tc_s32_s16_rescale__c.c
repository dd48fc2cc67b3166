/* Rescales int32_t to int16_t. */
#include "tc_rescale.h"

TC_KERNEL void tc_s32_s16_rescale__c(const tc_rescale_params *p, const int32_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int16_t)tc_rescale(p, in[i]);
    }
}

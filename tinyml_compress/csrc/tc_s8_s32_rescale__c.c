/* Rescales int8_t to int32_t. */
#include "tc_rescale.h"

TC_KERNEL void tc_s8_s32_rescale__c(const tc_rescale_params *p, const int8_t *in, int32_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int32_t)tc_rescale(p, in[i]);
    }
}

/* Rescales uint8_t to int8_t. */
#include "tc_rescale.h"

TC_KERNEL void tc_u8_s8_rescale__c(const tc_rescale_params *p, const uint8_t *in, int8_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int8_t)tc_rescale(p, in[i]);
    }
}

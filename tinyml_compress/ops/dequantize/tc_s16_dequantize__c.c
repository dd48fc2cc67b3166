/* Dequantizes int16_t. */
#include "tc_base.h"

TC_KERNEL void tc_s16_dequantize__c(const tc_dequantize_params *p, const int16_t *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = p->scale * (float)(in[i] - p->zero_point);
    }
}

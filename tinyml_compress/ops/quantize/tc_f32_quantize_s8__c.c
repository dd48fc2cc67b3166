/* Quantizes float to int8. */
#include "tc_quantize.h"

TC_KERNEL void tc_f32_quantize_s8__c(const tc_quantize_params *p, const float *in, int8_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int8_t)tc_quantize(p, in[i], -128, 127);
    }
}

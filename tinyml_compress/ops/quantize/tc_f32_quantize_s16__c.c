/* Quantizes float to int16. */
#include "tc_quantize.h"

TC_KERNEL void tc_f32_quantize_s16__c(const tc_quantize_params *p, const float *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int16_t)tc_quantize(p, in[i], -32768, 32767);
    }
}

/* Clamps below 0 and above 6. */
#include "tc_base.h"

TC_KERNEL void tc_f32_relu6__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const float x = in[i];
        out[i] = x > 6.0f ? 6.0f : (x < 0.0f ? 0.0f : x);
    }
}

/* Negation. */
#include "tc_base.h"

TC_KERNEL void tc_f32_neg__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const float x = in[i];
        out[i] = -x;
    }
}

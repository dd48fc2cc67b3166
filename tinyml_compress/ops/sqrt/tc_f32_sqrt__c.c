/* Square root. */
#include "tc_base.h"
#include "tc_sqrt.h"

TC_KERNEL void tc_f32_sqrt__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = tc_sqrt(in[i]);
    }
}

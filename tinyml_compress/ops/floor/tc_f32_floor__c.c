/* Down to a whole number. */
#include "tc_whole.h"

TC_KERNEL void tc_f32_floor__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const float x = in[i];
        out[i] = tc_floor(x);
    }
}

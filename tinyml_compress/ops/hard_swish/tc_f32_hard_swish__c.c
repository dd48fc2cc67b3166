/* x * relu6(x + 3) / 6. */
#include "tc_base.h"

static TC_INLINE float tc_hard_swish(float x) {
    const float raised = x + 3.0f;
    const float floored = raised < 0.0f ? 0.0f : raised;
    const float product = x * (floored > 6.0f ? 6.0f : floored);
    return product / 6.0f;
}

TC_KERNEL void tc_f32_hard_swish__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const float x = in[i];
        out[i] = tc_hard_swish(x);
    }
}

/* Down to a whole number. */
#include "tc_whole.h"

static TC_INLINE float tc_floor(float x) {
    if (tc_is_whole(x)) {
        return x;
    }
    const float whole = tc_truncated(x);
    return x < whole ? whole - 1.0f : whole;
}

TC_KERNEL void tc_f32_floor__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const float x = in[i];
        out[i] = tc_floor(x);
    }
}

/* To the nearest whole number, ties to the even one. */
#include "tc_whole.h"

static TC_INLINE float tc_round(float x) {
    if (tc_is_whole(x)) {
        return x;
    }
    const float whole = tc_truncated(x);
    const float below = x < whole ? whole - 1.0f : whole;
    const float rest = x - below;
    return rest < 0.5f || (rest == 0.5f && (int32_t)below % 2 == 0) ? below : below + 1.0f;
}

TC_KERNEL void tc_f32_round__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const float x = in[i];
        out[i] = tc_round(x);
    }
}

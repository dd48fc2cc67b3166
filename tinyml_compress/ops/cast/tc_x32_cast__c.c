/* Converts elements of any type to any other. */
#include "tc_cast.h"

TC_KERNEL void tc_x32_cast__c(const tc_cast_params *p, const void *in, void *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        if (p->from != TC_CAST_F32) {
            const int32_t x = tc_cast_load(in, i, p->from);
            if (p->to == TC_CAST_F32) {
                ((float *)out)[i] = p->from == TC_CAST_U32 ? (float)(uint32_t)x : (float)x;
            } else {
                tc_cast_store(out, i, p->to, x);
            }
        } else {
            const float x = ((const float *)in)[i];
            if (p->to == TC_CAST_F32) {
                ((float *)out)[i] = x;
            } else {
                tc_cast_store(out, i, p->to,
                              p->to == TC_CAST_BOOL ? x < 0.0f || x > 0.0f || x != x : tc_cast_float(x, p->to));
            }
        }
    }
}

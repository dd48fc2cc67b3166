/* Running sums of float. */
#include "tc_cumsum.h"

TC_KERNEL void tc_f32_cumsum__c(const tc_cumsum_params *p, const float *in, float *out) {
    for (int32_t before = 0; before < p->before; ++before, in += p->size * p->after, out += p->size * p->after) {
        for (int32_t after = 0; after < p->after; ++after) {
            float sum = 0.0f;
            for (int32_t i = 0; i < p->size; ++i) {
                const int32_t at = tc_cumsum_index(p, i) + after;
                const float next = sum + in[at];
                out[at] = p->exclusive ? sum : next;
                sum = next;
            }
        }
    }
}

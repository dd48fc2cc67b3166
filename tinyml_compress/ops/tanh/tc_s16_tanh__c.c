/* Hyperbolic tangent of int16. */
#include "tc_sigmoid16.h"

TC_KERNEL void tc_s16_tanh__c(const tc_sigmoid16_params *p, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int16_t)tc_tanh16(p->table, tc_sigmoid16_scaled(p, in[i]));
    }
}

/* Hyperbolic tangent of int16: 2 * logistic(2 * x) - 1. */
#include "tc_sigmoid16.h"

TC_KERNEL void tc_s16_tanh__c(const tc_sigmoid16_params *p, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t x = tc_sigmoid16_scaled(p, in[i]);
        const uint32_t magnitude = (uint32_t)(x < 0 ? -x : x);
        const uint32_t index = magnitude >> 8;
        int32_t result = 0xffff << 8;
        if (index < 255) {
            const int32_t low = p->table[index];
            const int32_t high = p->table[index + 1];
            result = (low << 8) + (int32_t)(magnitude & 0xffu) * (high - low);
        }
        result = x >= 0 ? result - (1 << 23) + (1 << 7) : -result + (1 << 23) + (1 << 7) - 1;
        out[i] = (int16_t)(result >> 8);
    }
}

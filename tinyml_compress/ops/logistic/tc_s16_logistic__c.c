/* Logistic function of int16. */
#include "tc_sigmoid16.h"

TC_KERNEL void tc_s16_logistic__c(const tc_sigmoid16_params *p, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t x = tc_sigmoid16_scaled(p, in[i]);
        const uint32_t magnitude = (uint32_t)(x < 0 ? -x : x);
        const uint32_t index = magnitude >> 9;
        uint32_t result = (uint32_t)0x7fff << 10;
        if (index < 255) {
            const uint32_t low = p->table[index];
            const uint32_t high = p->table[index + 1];
            result = (low << 9) + (magnitude & 0x1ffu) * (high - low);
        }
        result = x >= 0 ? result + (1u << 9) : (1u << 25) - result + (1u << 9) - 1u;
        out[i] = (int16_t)(result >> 10);
    }
}

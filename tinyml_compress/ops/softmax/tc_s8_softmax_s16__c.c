/* Softmax over the last axis, int8 to int16_t. Kept apart from its input. */
#include "tc_softmax.h"

TC_KERNEL void tc_s8_softmax_s16__c(const tc_s8_softmax *p, const int8_t *in, int16_t *out) {
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        int32_t most;
        int32_t bits;
        const int32_t sum = tc_softmax_sum(p, in, &most);
        const int32_t scale = tc_softmax_reciprocal(sum, &bits);
        const int exponent = (int)bits + 31 - 16;
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t difference = most - in[i];
            int32_t value = -32768;
            if (difference < p->entries) {
                value += tc_rounding_shift_right(tc_high_mul(scale, p->exponentials[difference]), exponent);
            }
            out[i] = (int16_t)tc_clamp(value, -32768, 32767);
        }
    }
}

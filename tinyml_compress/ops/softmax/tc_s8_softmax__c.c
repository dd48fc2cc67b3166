/* Softmax over the last axis, int8 to int8_t. Output may lie over input. */
#include "tc_softmax.h"

TC_KERNEL void tc_s8_softmax__c(const tc_s8_softmax *p, const int8_t *in, int8_t *out) {
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        int32_t most;
        int32_t bits;
        const int32_t sum = tc_softmax_sum(p, in, &most);
        const int32_t scale = tc_softmax_reciprocal(sum, &bits);
        const int exponent = (int)bits + 31 - 8;
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t difference = most - in[i];
            int32_t value = -128;
            /* A sum of 512 or more leaves nothing but zeros. */
            if (difference < p->entries && exponent <= 31) {
                value += tc_rounding_shift_right(tc_high_mul(scale, p->exponentials[difference]), exponent);
            }
            out[i] = (int8_t)tc_clamp(value, -128, 127);
        }
    }
}

/* Softmax over the last axis, int8 to int8_t. Output may lie over input. */
#include "tc_softmax.h"

TC_KERNEL void tc_s8_softmax__c(const tc_s8_softmax *p, const int8_t *in, int8_t *out) {
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        int32_t most;
        int32_t bits;
        const int32_t sum = tc_softmax_sum(p, in, &most);
        const int32_t scale = tc_softmax_reciprocal(sum, &bits);
        const int32_t shift = bits + 31 - 8 - 1;
        TC_KNOWN(scale > 0);
        /* A sum of 512 or more leaves nothing but zeros. */
        const int32_t entries = shift <= 30 ? p->entries : 0;
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t difference = most - in[i];
            int32_t value = 0;
            if (difference < entries) {
                value = ((tc_high_mul(scale, p->exponentials[difference]) >> shift) + 1) >> 1;
            }
            out[i] = (int8_t)((value < 255 ? value : 255) - 128);
        }
    }
}

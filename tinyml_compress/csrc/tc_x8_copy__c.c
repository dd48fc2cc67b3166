/* Copies a block of bytes, first to last: the output may overlap the input from below, which memcpy forbids. */
#include "tc_move.h"

TC_KERNEL void tc_x8_copy__c(const tc_copy_params *p, const void *in, void *out) {
    const uint8_t *from = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    for (int32_t i = 0; i < p->count; i++) {
        to[i] = from[i];
    }
}

/* Fills with one 16-bit value. */
#include "tc_walk.h"

TC_KERNEL void tc_x16_fill__c(const tc_fill_params *p, void *out) {
    uint16_t *to = (uint16_t *)out;
    for (int32_t i = 0; i < p->count; ++i) {
        to[i] = (uint16_t)p->value;
    }
}

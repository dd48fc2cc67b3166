/* Fills with one 32-bit value. */
#include "tc_walk.h"

TC_KERNEL void tc_x32_fill__c(const tc_fill_params *p, void *out) {
    uint32_t *to = (uint32_t *)out;
    for (int32_t i = 0; i < p->count; ++i) {
        to[i] = (uint32_t)p->value;
    }
}

/* Fills with one byte value. */
#include "tc_walk.h"

TC_KERNEL void tc_x8_fill__c(const tc_fill_params *p, void *out) {
    TC_MEMSET(out, (int)(uint8_t)p->value, (size_t)p->count);
}

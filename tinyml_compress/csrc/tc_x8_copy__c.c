/* Copies a block of bytes; where the blocks coincide, the generator drops the call, and else they lie apart. */
#include "tc_walk.h"

TC_KERNEL void tc_x8_copy__c(const tc_copy_params *p, const void *in, void *out) {
    TC_MEMCPY(out, in, (size_t)p->count);
}

/* Writes words that are known beforehand. */
#include "tc_base.h"

TC_KERNEL void tc_x32_constant__c(const tc_constant_params *p, void *out) {
    TC_MEMCPY(out, p->values, (size_t)p->bytes);
}

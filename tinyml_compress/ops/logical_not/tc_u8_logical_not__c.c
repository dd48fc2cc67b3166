/* Logical negation. */
#include "tc_base.h"

TC_KERNEL void tc_u8_logical_not__c(const tc_count_params *p, const uint8_t *in, uint8_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const uint8_t x = in[i];
        out[i] = (uint8_t)!x;
    }
}

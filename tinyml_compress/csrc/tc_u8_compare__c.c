/* Comparison of two uint8_t, either of which may be broadcast. */
#include "tc_compare.h"

TC_KERNEL void tc_u8_compare__c(const tc_compare_params *p, const uint8_t *in1, const uint8_t *in2, uint8_t *out) {
    TC_BROADCAST(uint8_t, uint8_t, (uint8_t)TC_COMPARED(x, y));
}

/* Or of two boolean tensors, either of which may be broadcast. */
#include "tc_broadcast.h"

TC_KERNEL void tc_u8_logical_or_broadcast__c(const tc_broadcast_params *p, const uint8_t *in1, const uint8_t *in2,
                                             uint8_t *out) {
    TC_BROADCAST(uint8_t, uint8_t, (uint8_t)(x || y));
}

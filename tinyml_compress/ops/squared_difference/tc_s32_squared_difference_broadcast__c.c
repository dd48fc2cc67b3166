/* Squared difference of two int32 tensors, either of which may be broadcast; it wraps. */
#include "tc_broadcast.h"

TC_KERNEL void tc_s32_squared_difference_broadcast__c(const tc_broadcast_params *p, const int32_t *in1,
                                                      const int32_t *in2, int32_t *out) {
    TC_BROADCAST(int32_t, int32_t, (int32_t)(((uint32_t)x - (uint32_t)y) * ((uint32_t)x - (uint32_t)y)));
}

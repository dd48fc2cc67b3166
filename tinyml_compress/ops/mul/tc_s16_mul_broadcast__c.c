/* Product of two int16 tensors, either of which may be broadcast. */
#include "tc_broadcast.h"
#include "tc_mul.h"

TC_KERNEL void tc_s16_mul_broadcast__c(const tc_mul_params *p, const int16_t *in1, const int16_t *in2, int16_t *out) {
    TC_BROADCAST(int16_t, int16_t, (int16_t)tc_mul(p, x, y));
}

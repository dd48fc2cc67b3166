/* Product of two int8 tensors, either of which may be broadcast. */
#include "tc_broadcast.h"
#include "tc_mul.h"

TC_KERNEL void tc_s8_mul_broadcast__c(const tc_mul_params *p, const int8_t *in1, const int8_t *in2, int8_t *out) {
    TC_BROADCAST(int8_t, int8_t, (int8_t)tc_mul(p, x, y));
}

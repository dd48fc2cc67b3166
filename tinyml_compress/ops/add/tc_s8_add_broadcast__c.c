/* Sum of two int8 tensors, either of which may be broadcast. */
#include "tc_addsub.h"
#include "tc_broadcast.h"

TC_KERNEL void tc_s8_add_broadcast__c(const tc_addsub_params *p, const int8_t *in1, const int8_t *in2, int8_t *out) {
    TC_BROADCAST(int8_t, int8_t, (int8_t)tc_addsub(p, x, y, 1));
}

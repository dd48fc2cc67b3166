/* Sum of two int16 tensors, either of which may be broadcast. */
#include "tc_addsub.h"
#include "tc_broadcast.h"

TC_KERNEL void tc_s16_add_broadcast__c(const tc_addsub_params *p, const int16_t *in1, const int16_t *in2,
                                       int16_t *out) {
    TC_BROADCAST(int16_t, int16_t, (int16_t)tc_addsub(p, x, y, 1));
}

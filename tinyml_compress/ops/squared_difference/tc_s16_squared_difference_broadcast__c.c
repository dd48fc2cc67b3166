/* Squared difference of two int16 tensors, either of which may be broadcast. */
#include "tc_squared_difference.h"

TC_KERNEL void tc_s16_squared_difference_broadcast__c(const tc_addsub_params *p, const int16_t *in1, const int16_t *in2,
                                                      int16_t *out) {
    TC_BROADCAST(int16_t, int16_t, (int16_t)tc_squared_difference(p, x, y));
}

/* Squared difference of two int8 tensors, either of which may be broadcast. */
#include "tc_squared_difference.h"

TC_KERNEL void tc_s8_squared_difference_broadcast__c(const tc_addsub_params *p, const int8_t *in1, const int8_t *in2,
                                                     int8_t *out) {
    TC_BROADCAST(int8_t, int8_t, (int8_t)tc_squared_difference(p, x, y));
}

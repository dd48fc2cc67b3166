/* Parametric ReLU of an int16 tensor; alpha may be broadcast. */
#include "tc_prelu.h"

TC_KERNEL void tc_s16_prelu_broadcast__c(const tc_prelu_params *p, const int16_t *in1, const int8_t *in2,
                                         int16_t *out) {
    TC_BROADCAST(int16_t, int8_t, (int16_t)tc_prelu(p, x, y));
}

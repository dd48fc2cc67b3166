/* Parametric ReLU of an int8 tensor; alpha may be broadcast. */
#include "tc_prelu.h"

TC_KERNEL void tc_s8_prelu_broadcast__c(const tc_prelu_params *p, const int8_t *in1, const int8_t *in2, int8_t *out) {
    TC_BROADCAST(int8_t, int8_t, (int8_t)tc_prelu(p, x, y));
}

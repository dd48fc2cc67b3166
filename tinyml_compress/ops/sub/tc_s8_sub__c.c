/* Difference of two int8 tensors of one shape. */
#include "tc_addsub.h"

TC_KERNEL void tc_s8_sub__c(const tc_addsub_params *p, const int8_t *in1, const int8_t *in2, int8_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int8_t)tc_addsub(p, in1[i], in2[i], -1);
    }
}

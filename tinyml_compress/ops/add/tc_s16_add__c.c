/* Sum of two int16 tensors of one shape. */
#include "tc_addsub.h"

TC_KERNEL void tc_s16_add__c(const tc_addsub_params *p, const int16_t *in1, const int16_t *in2, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int16_t)tc_addsub(p, in1[i], in2[i], 1);
    }
}

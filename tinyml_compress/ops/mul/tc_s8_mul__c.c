/* Product of two int8 tensors of one shape. */
#include "tc_mul.h"

TC_KERNEL void tc_s8_mul__c(const tc_mul_params *p, const int8_t *in1, const int8_t *in2, int8_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int8_t)tc_mul(p, in1[i], in2[i]);
    }
}

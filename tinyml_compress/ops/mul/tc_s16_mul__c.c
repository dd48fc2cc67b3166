/* Product of two int16 tensors of one shape. */
#include "tc_mul.h"

TC_KERNEL void tc_s16_mul__c(const tc_mul_params *p, const int16_t *in1, const int16_t *in2, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int16_t)tc_mul(p, in1[i], in2[i]);
    }
}

/* Vectors of int8 divided by their length. */
#include "tc_base.h"
#include "tc_inverse_sqrt.h"

TC_KERNEL void tc_s8_l2_normalization__c(const tc_l2_normalization_params *p, const int8_t *in, int8_t *out) {
    for (int32_t vector = 0; vector < p->vectors; ++vector, in += p->depth, out += p->depth) {
        int32_t square = 0;
        for (int32_t i = 0; i < p->depth; ++i) {
            const int32_t x = in[i] - p->zero_point;
            square += x * x;
        }
        const tc_inverse_sqrt_result length = tc_inverse_sqrt(square);
        for (int32_t i = 0; i < p->depth; ++i) {
            const int32_t x = tc_requantize(in[i] - p->zero_point, length.multiplier, length.shift + 7);
            out[i] = (int8_t)tc_clamp(x, -128, 127);
        }
    }
}

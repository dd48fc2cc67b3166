/* Adds one int8 tensor to the sums so far, with 19 bits below one; after the last one requantizes them. As in
 * TensorFlow Lite Micro, sums start where a stored zero would be. */
#include "tc_requant.h"

TC_KERNEL void tc_s8_add_n__c(const tc_add_n_params *p, const int8_t *in, void *sums, int8_t *out) {
    int32_t *sum = (int32_t *)sums;
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t x = (int32_t)((uint32_t)(in[i] - p->in_zero_point) << 19);
        sum[i] = tc_add(p->first ? (int32_t)((uint32_t)-p->in_zero_point << 19) : sum[i], x);
        if (p->last) {
            out[i] = (int8_t)tc_clamp(tc_requantize(sum[i], p->multiplier, p->shift) + p->zero_point, -128, 127);
        }
    }
}

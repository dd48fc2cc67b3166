/* Inverse square root of int16; what has none gives the largest value. */
#include "tc_inverse_sqrt.h"

TC_KERNEL void tc_s16_rsqrt__c(const tc_rsqrt_params *p, const int16_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t x = in[i] - p->in_zero_point;
        int32_t result = 32767;
        if (x > 0) {
            const tc_inverse_sqrt_result root = tc_inverse_sqrt(x);
            const int32_t one = tc_requantize(1, root.multiplier, root.shift + 20); /* 20 bits below one */
            result = tc_clamp(tc_requantize(one, p->multiplier, p->shift - 20) + p->zero_point, -32768, 32767);
        }
        out[i] = (int16_t)result;
    }
}

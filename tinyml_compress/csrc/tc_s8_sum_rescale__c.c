/* Sum or mean of int8 elements, brought to the output's quantization. */
#include "tc_s8_sum.h"

TC_KERNEL void tc_s8_sum_rescale__c(const tc_sum_params *p, const int8_t *in, int8_t *out) {
    const int32_t row = p->kept[1];
    const int32_t step = p->kept[2];
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *from = in + walk.offset[0];
        for (int32_t i = 0; i < row; ++i, from += step) {
            const int32_t sum = tc_s8_sum(from, p->reduced) + p->bias;
            *out++ = (int8_t)tc_clamp(tc_requantize(sum, p->multiplier, p->shift) + p->zero_point, -128, 127);
        }
    } while (tc_walk_next(&walk, p->kept, 1));
}

/* Product of two int8 tensors, either of which may be broadcast. */
#include "tc_mul.h"
#include "tc_walk.h"

TC_KERNEL void tc_s8_mul_broadcast__c(const tc_mul_params *p, const int8_t *in1, const int8_t *in2, int8_t *out) {
    const int32_t row = p->walk[1];
    const int32_t step1 = p->walk[2];
    const int32_t step2 = p->walk[3];
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *a = in1 + walk.offset[0];
        const int8_t *b = in2 + walk.offset[1];
        for (int32_t i = 0; i < row; ++i, a += step1, b += step2) {
            *out++ = (int8_t)tc_mul(p, *a, *b);
        }
    } while (tc_walk_next(&walk, p->walk, 2));
}

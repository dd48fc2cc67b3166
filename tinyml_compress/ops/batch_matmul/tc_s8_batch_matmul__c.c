/* Products of int8_t matrices. */
#include "tc_requant.h"
#include "tc_walk.h"

static TC_INLINE int32_t tc_s8_dot(const tc_s8_batch_matmul_params *p, const int8_t *a, const int8_t *b) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; ++i, a += p->depth_step1, b += p->depth_step2) {
        sum += (*a - p->zero_point1) * (*b - p->zero_point2);
    }
    return sum;
}

TC_KERNEL void tc_s8_batch_matmul__c(const tc_s8_batch_matmul_params *p, const int8_t *in1, const int8_t *in2,
                                     int8_t *out) {
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        for (int32_t batch = 0; batch < p->batches[1]; ++batch) {
            const int8_t *a = in1 + walk.offset[0] + batch * p->batches[2];
            const int8_t *b = in2 + walk.offset[1] + batch * p->batches[3];
            for (int32_t row = 0; row < p->rows; ++row, a += p->row_step1) {
                for (int32_t column = 0; column < p->columns; ++column) {
                    const int32_t sum = tc_s8_dot(p, a, b + column * p->column_step2);
                    *out++ = (int8_t)tc_clamp(tc_requantize(sum, p->multiplier, p->shift) + p->zero_point, -128, 127);
                }
            }
        }
    } while (tc_walk_next(&walk, p->batches, 2));
}

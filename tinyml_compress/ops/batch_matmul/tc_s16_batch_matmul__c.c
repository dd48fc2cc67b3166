/* Products of int16_t matrices. */
#include "tc_requant.h"
#include "tc_walk.h"
#include "tc_wide.h"

static TC_INLINE int64_t tc_s16_dot(const tc_s8_batch_matmul_params *p, const int16_t *a, const int16_t *b) {
    int64_t sum = 0;
    for (int32_t i = 0; i < p->depth; ++i, a += p->depth_step1, b += p->depth_step2) {
        sum += *a * *b;
    }
    return sum;
}

TC_KERNEL void tc_s16_batch_matmul__c(const tc_s8_batch_matmul_params *p, const int16_t *in1, const int16_t *in2,
                                      int16_t *out) {
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        for (int32_t batch = 0; batch < p->batches[1]; ++batch) {
            const int16_t *a = in1 + walk.offset[0] + batch * p->batches[2];
            const int16_t *b = in2 + walk.offset[1] + batch * p->batches[3];
            for (int32_t row = 0; row < p->rows; ++row, a += p->row_step1) {
                for (int32_t column = 0; column < p->columns; ++column) {
                    const int64_t sum = tc_s16_dot(p, a, b + column * p->column_step2);
                    *out++ = (int16_t)tc_clamp(tc_requantize_wide(sum, p->multiplier, p->shift), -32768, 32767);
                }
            }
        }
    } while (tc_walk_next(&walk, p->batches, 2));
}

/* Products of float matrices. */
#include "tc_requant.h"
#include "tc_walk.h"

static TC_INLINE float tc_f32_dot(const tc_batch_matmul_params *p, const float *a, const float *b) {
    float sum = 0.0f;
    for (int32_t i = 0; i < p->depth; ++i, a += p->depth_step1, b += p->depth_step2) {
        const float product = *a * *b;
        sum += product;
    }
    return sum;
}

TC_KERNEL void tc_f32_batch_matmul__c(const tc_batch_matmul_params *p, const float *in1, const float *in2, float *out) {
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        for (int32_t batch = 0; batch < p->batches[1]; ++batch) {
            const float *a = in1 + walk.offset[0] + batch * p->batches[2];
            const float *b = in2 + walk.offset[1] + batch * p->batches[3];
            for (int32_t row = 0; row < p->rows; ++row, a += p->row_step1) {
                for (int32_t column = 0; column < p->columns; ++column) {
                    const float sum = tc_f32_dot(p, a, b + column * p->column_step2);
                    *out++ = sum;
                }
            }
        }
    } while (tc_walk_next(&walk, p->batches, 2));
}

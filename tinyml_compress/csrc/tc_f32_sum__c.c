/* Sum or mean of float elements, added one after another in their order. */
#include "tc_requant.h"
#include "tc_walk.h"

static TC_INLINE float tc_f32_gather_sum(const float *in, const int32_t *table) {
    float sum = 0.0f;
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const float *from = in + walk.offset[0];
        for (int32_t i = 0; i < table[1]; ++i, from += table[2]) {
            sum += *from;
        }
    } while (tc_walk_next(&walk, table, 1));
    return sum;
}

TC_KERNEL void tc_f32_sum__c(const tc_f32_sum_params *p, const float *in, float *out) {
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const float *from = in + walk.offset[0];
        for (int32_t i = 0; i < p->kept[1]; ++i, from += p->kept[2]) {
            *out++ = tc_f32_gather_sum(from, p->reduced) / p->divisor;
        }
    } while (tc_walk_next(&walk, p->kept, 1));
}

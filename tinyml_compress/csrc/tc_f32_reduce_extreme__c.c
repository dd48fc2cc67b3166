/* The smallest or the largest of float elements. */
#include "tc_requant.h"
#include "tc_walk.h"

TC_KERNEL void tc_f32_reduce_extreme__c(const tc_reduce_extreme_params *p, const float *in, float *out) {
    tc_walk outer;
    tc_walk_start(&outer);
    do {
        const float *first = in + outer.offset[0];
        for (int32_t i = 0; i < p->kept[1]; ++i, first += p->kept[2]) {
            float best = *first;
            tc_walk inner;
            tc_walk_start(&inner);
            do {
                const float *from = first + inner.offset[0];
                for (int32_t j = 0; j < p->reduced[1]; ++j, from += p->reduced[2]) {
                    best = (p->larger ? *from > best : *from < best) ? *from : best;
                }
            } while (tc_walk_next(&inner, p->reduced, 1));
            *out++ = best;
        }
    } while (tc_walk_next(&outer, p->kept, 1));
}

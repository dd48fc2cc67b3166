/* The smallest or the largest of int8_t elements. */
#include "tc_requant.h"
#include "tc_walk.h"

TC_KERNEL void tc_s8_reduce_extreme__c(const tc_reduce_extreme_params *p, const int8_t *in, int8_t *out) {
    tc_walk outer;
    tc_walk_start(&outer);
    do {
        const int8_t *first = in + outer.offset[0];
        for (int32_t i = 0; i < p->kept[1]; ++i, first += p->kept[2]) {
            int8_t best = *first;
            tc_walk inner;
            tc_walk_start(&inner);
            do {
                const int8_t *from = first + inner.offset[0];
                for (int32_t j = 0; j < p->reduced[1]; ++j, from += p->reduced[2]) {
                    best = (p->larger ? *from > best : *from < best) ? *from : best;
                }
            } while (tc_walk_next(&inner, p->reduced, 1));
            *out++ = best;
        }
    } while (tc_walk_next(&outer, p->kept, 1));
}

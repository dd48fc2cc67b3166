/* Whether all of some booleans are true. */
#include "tc_walk.h"

TC_KERNEL void tc_u8_reduce_all__c(const tc_reduce_all_params *p, const uint8_t *in, uint8_t *out) {
    tc_walk outer;
    tc_walk_start(&outer);
    do {
        const uint8_t *first = in + outer.offset[0];
        for (int32_t i = 0; i < p->kept[1]; ++i, first += p->kept[2]) {
            uint8_t all = 1;
            tc_walk inner;
            tc_walk_start(&inner);
            do {
                const uint8_t *from = first + inner.offset[0];
                for (int32_t j = 0; j < p->reduced[1]; ++j, from += p->reduced[2]) {
                    all = (uint8_t)(all && *from);
                }
            } while (tc_walk_next(&inner, p->reduced, 1));
            *out++ = all;
        }
    } while (tc_walk_next(&outer, p->kept, 1));
}

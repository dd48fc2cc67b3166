/* Copies 32-bit elements between any two strides. */
#include "tc_walk.h"

TC_KERNEL void tc_x32_move__c(const tc_move_params *p, const void *in, void *out) {
    const int32_t row = p->walk[1];
    const int32_t in_step = p->walk[2];
    const int32_t out_step = p->walk[3];
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const uint32_t *from = (const uint32_t *)in + walk.offset[0];
        uint32_t *to = (uint32_t *)out + walk.offset[1];
        for (int32_t i = 0; i < row; ++i, from += in_step, to += out_step) {
            *to = *from;
        }
    } while (tc_walk_next(&walk, p->walk, 2));
}

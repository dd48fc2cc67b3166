/* Copies rows whose bytes lie side by side on both ends. */
#include "tc_walk.h"

TC_KERNEL void tc_x8_move_rows__c(const tc_move_params *p, const void *in, void *out) {
    const size_t row = (size_t)p->walk[1];
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        TC_MEMCPY((uint8_t *)out + walk.offset[1], (const uint8_t *)in + walk.offset[0], row);
    } while (tc_walk_next(&walk, p->walk, 2));
}

/* Picks 8-bit elements by a condition; all three inputs may be broadcast. */
#include "tc_walk.h"

TC_KERNEL void tc_x8_select__c(const tc_select_params *p, const uint8_t *condition, const void *in1, const void *in2,
                               void *out) {
    uint8_t *to = (uint8_t *)out;
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const uint8_t *chosen = condition + walk.offset[0];
        const uint8_t *first = (const uint8_t *)in1 + walk.offset[1];
        const uint8_t *second = (const uint8_t *)in2 + walk.offset[2];
        for (int32_t i = 0; i < p->walk[1]; ++i) {
            *to++ = *chosen ? *first : *second;
            chosen += p->walk[2];
            first += p->walk[3];
            second += p->walk[4];
        }
    } while (tc_walk_next(&walk, p->walk, 3));
}

/* Copies rows whose bytes lie side by side on both ends; short ones without a call. */
#include "tc_any_word.h"
#include "tc_walk.h"

TC_KERNEL void tc_x8_move_rows__c(const tc_move_params *p, const void *in, void *out) {
    const int32_t row = p->walk[1];
    const tc_rows rows = tc_rows_of(p->walk);
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const uint8_t *from = (const uint8_t *)in + walk.offset[0];
        uint8_t *to = (uint8_t *)out + walk.offset[1];
        for (int32_t left = rows.count; left > 0; --left, from += rows.in_step, to += rows.out_step) {
            if (row > 32) {
                TC_MEMCPY(to, from, (size_t)row);
                continue;
            }
            int32_t i = 0;
            for (; i < (row & ~3); i += 4) {
                tc_store32(to + i, tc_load32(from + i));
            }
            for (; i < row; ++i) {
                to[i] = from[i];
            }
        }
    } while (tc_rows_next(&walk, p->walk, rows));
}

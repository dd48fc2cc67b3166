/* Copies rows whose bytes lie side by side on both ends; short ones without a call, a column of words after the other.
 */
#include "tc_any_word.h"
#include "tc_walk.h"

/* `count` words of each row. */
static TC_INLINE void tc_move_words(const uint8_t *from, uint8_t *to, tc_rows rows, int count, int aligned) {
    for (int32_t left = rows.count; left > 0; --left, from += rows.in_step, to += rows.out_step) {
        const uint32_t first = tc_load_word(from, aligned);
        if (count == 2) {
            tc_store_word(to + 4, tc_load_word(from + 4, aligned), aligned);
        }
        tc_store_word(to, first, aligned);
    }
}

static TC_INLINE void tc_move_short(const uint8_t *from, uint8_t *to, tc_rows rows, int32_t row, int aligned) {
    int32_t i = 0;
    for (; i < (row & ~7); i += 8) {
        tc_move_words(from + i, to + i, rows, 2, aligned);
    }
    if (row & 4) {
        tc_move_words(from + i, to + i, rows, 1, aligned);
        i += 4;
    }
    for (; i < row; ++i) {
        const uint8_t *source = from + i;
        uint8_t *target = to + i;
        for (int32_t left = rows.count; left > 0; --left, source += rows.in_step, target += rows.out_step) {
            *target = *source;
        }
    }
}

TC_KERNEL void tc_x8_move_rows__c(const tc_move_params *p, const void *in, void *out) {
    const int32_t row = p->walk[1];
    const tc_rows rows = tc_rows_of(p->walk);
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const uint8_t *from = (const uint8_t *)in + walk.offset[0];
        uint8_t *to = (uint8_t *)out + walk.offset[1];
        if (row > 32) {
            for (int32_t left = rows.count; left > 0; --left, from += rows.in_step, to += rows.out_step) {
                TC_MEMCPY(to, from, (size_t)row);
            }
        } else if (TC_WORDS_ANYWHERE) {
            tc_move_short(from, to, rows, row, 0);
        } else if ((((uintptr_t)from | (uintptr_t)to | (uintptr_t)rows.in_step | (uintptr_t)rows.out_step) & 3) == 0) {
            tc_move_short(from, to, rows, row, 1);
        } else {
            tc_move_short(from, to, rows, row, 0);
        }
    } while (tc_rows_next(&walk, p->walk, rows));
}

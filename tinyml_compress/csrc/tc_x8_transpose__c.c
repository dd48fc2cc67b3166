/* Copies bytes whose rows become columns: sixteen at a time, by words, where the core has registers for that; rows side
 * by side in the output are bytes side by side in the input. */
#include "tc_any_word.h"
#include "tc_requant.h"
#include "tc_walk.h"

/* Bytes 0 and 2 of two words in turn. */
static TC_INLINE uint32_t tc_transpose_even(uint32_t a, uint32_t b) {
    return (a & 0x00ff00ffu) | (b & 0x00ff00ffu) << 8;
}

static TC_INLINE uint32_t tc_transpose_odd(uint32_t a, uint32_t b) {
    return (a >> 8 & 0x00ff00ffu) | (b & 0xff00ff00u);
}

/* Four bytes of four rows. */
static TC_INLINE void tc_transpose_tile(const uint8_t *from, int32_t in_step, uint8_t *to, int32_t out_step,
                                        int aligned) {
    const uint32_t a = tc_load_word(from, aligned);
    const uint32_t b = tc_load_word(from + in_step, aligned);
    const uint32_t c = tc_load_word(from + 2 * in_step, aligned);
    const uint32_t d = tc_load_word(from + 3 * in_step, aligned);
    const uint32_t even = tc_transpose_even(a, b);
    const uint32_t even_above = tc_transpose_even(c, d);
    const uint32_t odd = tc_transpose_odd(a, b);
    const uint32_t odd_above = tc_transpose_odd(c, d);
    tc_store_word(to, (even & 0xffffu) | even_above << 16, aligned);
    tc_store_word(to + out_step, (odd & 0xffffu) | odd_above << 16, aligned);
    tc_store_word(to + 2 * out_step, even >> 16 | (even_above & 0xffff0000u), aligned);
    tc_store_word(to + 3 * out_step, odd >> 16 | (odd_above & 0xffff0000u), aligned);
}

static TC_INLINE void tc_transpose_tiles(const uint8_t *from, int32_t in_step, uint8_t *to, int32_t out_step,
                                         int32_t tiles, int aligned) {
    for (; tiles > 0; --tiles, from += 4 * in_step, to += 4) {
        tc_transpose_tile(from, in_step, to, out_step, aligned);
    }
}

TC_KERNEL void tc_x8_transpose__c(const tc_move_params *p, const void *in, void *out) {
    const int32_t row = p->walk[1];
    const int32_t in_step = p->walk[2];
    const tc_rows rows = tc_rows_of(p->walk);
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const uint8_t *from = (const uint8_t *)in + walk.offset[0];
        uint8_t *to = (uint8_t *)out + walk.offset[1];
        const uintptr_t all = (uintptr_t)from | (uintptr_t)to | (uintptr_t)in_step | (uintptr_t)rows.out_step;
        const int32_t tiles = TC_WORDS_ANYWHERE || (all & 3) == 0 ? row / 4 : 0;
        int32_t left = rows.count;
        for (; !TC_SMALL_CORE && tiles > 0 && left > 3; left -= 4, from += 4, to += 4 * rows.out_step) {
            tc_transpose_tiles(from, in_step, to, rows.out_step, tiles, !TC_WORDS_ANYWHERE);
            for (int32_t i = 4 * tiles; i < row; ++i) {
                for (int32_t k = 0; k < 4; ++k) {
                    to[k * rows.out_step + i] = from[k + i * in_step];
                }
            }
        }
        for (; left > 0; --left, ++from, to += rows.out_step) {
            for (int32_t i = 0; i < row; ++i) {
                to[i] = from[i * in_step];
            }
        }
    } while (tc_rows_next(&walk, p->walk, rows));
}

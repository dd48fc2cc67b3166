/* Copies rows whose bytes lie side by side on both ends. */
#include "tc_mve_move.h"

TC_KERNEL void tc_x8_move_rows__mve(const tc_move_params *p, const void *in, void *out) {
    const int32_t row = p->walk[1];
    const mve_pred16_t all = tc_mve_kept(vctp8q((uint32_t)row));
    const tc_rows rows = tc_rows_of(p->walk);
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const uint8_t *from = (const uint8_t *)in + walk.offset[0];
        uint8_t *to = (uint8_t *)out + walk.offset[1];
        int32_t left = rows.count;
        if (row <= 16) {
            for (; left > 0; left--, from += rows.in_step, to += rows.out_step) {
                vstrbq_p_u8(to, vldrbq_z_u8(from, all), all);
            }
        }
        for (; left > 0; left--, from += rows.in_step, to += rows.out_step) {
            tc_mve_move(to, from, row);
        }
    } while (tc_rows_next(&walk, p->walk, rows));
}

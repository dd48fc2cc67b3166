/* The smallest or the largest of the elements. Outputs whose inputs lie side by side are made sixteen at a time, and so
 * is the best of inputs that do. */
#include "tc_mve.h"
#include "tc_walk.h"

/* `larger` is a constant where these are inlined. */
static TC_INLINE int8x16_t tc_extreme_column(const int8_t *from, int32_t count, int32_t step, int8x16_t best,
                                             int larger, mve_pred16_t on) {
    for (; count > 0; count--, from += step) {
        const int8x16_t some = vldrbq_z_s8(from, on);
        best = larger ? vmaxq_s8(best, some) : vminq_s8(best, some);
    }
    return best;
}

static TC_INLINE int8_t tc_extreme_bytes(const int8_t *from, int32_t count, int8_t best, int larger) {
    for (; count > 0; count -= 16, from += 16) {
        const mve_pred16_t on = vctp8q((uint32_t)count);
        const int8x16_t some = vldrbq_z_s8(from, on);
        best = larger ? vmaxvq_p_s8(best, some, on) : vminvq_p_s8(best, some, on);
    }
    return best;
}

static TC_NOINLINE int8x16_t tc_extreme_lanes(const int8_t *in, const int32_t *table, int32_t larger, mve_pred16_t on) {
    int8x16_t best = vldrbq_z_s8(in, on);
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *from = in + walk.offset[0];
        best = larger ? tc_extreme_column(from, table[1], table[2], best, 1, on)
                      : tc_extreme_column(from, table[1], table[2], best, 0, on);
    } while (tc_walk_next(&walk, table, 1));
    return best;
}

static TC_NOINLINE int8_t tc_extreme_row(const int8_t *in, const int32_t *table, int32_t larger) {
    int8_t best = *in;
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *from = in + walk.offset[0];
        if (table[2] == 1) {
            best = larger ? tc_extreme_bytes(from, table[1], best, 1) : tc_extreme_bytes(from, table[1], best, 0);
        } else {
            for (int32_t left = table[1]; left > 0; left--, from += table[2]) {
                best = (larger ? *from > best : *from < best) ? *from : best;
            }
        }
    } while (tc_walk_next(&walk, table, 1));
    return best;
}

TC_KERNEL void tc_s8_reduce_extreme__mve(const tc_reduce_extreme_params *p, const int8_t *in, int8_t *out) {
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *from = in + walk.offset[0];
        int32_t left = p->kept[1];
        if (p->kept[2] == 1) {
            for (; left > 0; left -= 16, from += 16) {
                const mve_pred16_t on = vctp8q((uint32_t)left);
                vstrbq_p_s8(out, tc_extreme_lanes(from, p->reduced, p->larger, on), on);
                out += left < 16 ? left : 16;
            }
        }
        for (; left > 0; left--, from += p->kept[2]) {
            *out++ = tc_extreme_row(from, p->reduced, p->larger);
        }
    } while (tc_walk_next(&walk, p->kept, 1));
}

/* Helium: bytes that change places, and the rows of a walk. */
#ifndef TC_MVE_MOVE_H
#define TC_MVE_MOVE_H

#include "tc_mve.h"
#include "tc_walk.h"

static TC_INLINE void tc_mve_move(uint8_t *to, const uint8_t *from, int32_t count) {
    for (; count > 0; count -= 16, to += 16, from += 16) {
        const mve_pred16_t on = vctp8q((uint32_t)count);
        vstrbq_p_u8(to, vldrbq_z_u8(from, on), on);
    }
}

/* The innermost loop round a walk's rows, which kernels run themselves. */
typedef struct {
    int32_t count;
    int32_t in_step;
    int32_t out_step;
} tc_mve_rows;

static TC_INLINE tc_mve_rows tc_mve_rows_of(const int32_t *table) {
    tc_mve_rows rows = {1, 0, 0};
    if (table[0] > 0) {
        rows.count = table[4];
        rows.in_step = table[5];
        rows.out_step = table[6];
    }
    return rows;
}

/* Behind these rows. */
static TC_INLINE int tc_mve_rows_next(tc_walk *walk, const int32_t *table, tc_mve_rows rows) {
    walk->at[0] = rows.count - 1;
    walk->offset[0] += walk->at[0] * rows.in_step;
    walk->offset[1] += walk->at[0] * rows.out_step;
    return tc_walk_next(walk, table, 2);
}

#endif

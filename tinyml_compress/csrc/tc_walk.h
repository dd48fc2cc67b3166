/* Walks N-dimensional arrays row by row: an odometer whose table the generator makes. */
#ifndef TC_WALK_H
#define TC_WALK_H

#include "tc_base.h"

#define TC_WALK_LEVELS 7
#define TC_WALK_LANES 3

/* A table of int32 for `lanes` arrays that are walked together:
 *   [0]                    number of outer levels
 *   [1]                    elements of a row, then one step per lane from element to element
 *   [2 + lanes ...]        per outer level, innermost first: its extent, then one step per lane
 */
typedef struct {
    int32_t at[TC_WALK_LEVELS];
    int32_t offset[TC_WALK_LANES];
} tc_walk;

/* Moves the lanes' offsets to the next row; 0 when all rows were visited. */
static TC_NOINLINE int tc_walk_next(tc_walk *walk, const int32_t *table, int lanes) {
    const int32_t levels = table[0];
    const int32_t *level = table + 2 + lanes;
    for (int32_t i = 0; i < levels; ++i, level += 1 + lanes) {
        const int32_t more = ++walk->at[i] < level[0];
        for (int lane = 0; lane < lanes; ++lane) {
            walk->offset[lane] += more ? level[1 + lane] : level[1 + lane] * (1 - level[0]);
        }
        if (more) {
            return 1;
        }
        walk->at[i] = 0;
    }
    return 0;
}

static TC_INLINE void tc_walk_start(tc_walk *walk) {
    for (int i = 0; i < TC_WALK_LEVELS; ++i) {
        walk->at[i] = 0;
    }
    for (int i = 0; i < TC_WALK_LANES; ++i) {
        walk->offset[i] = 0;
    }
}

/* The innermost loop round a walk's rows, which kernels run themselves. */
typedef struct {
    int32_t count;
    int32_t in_step;
    int32_t out_step;
} tc_rows;

static TC_INLINE tc_rows tc_rows_of(const int32_t *table) {
    tc_rows rows = {1, 0, 0};
    if (table[0] > 0) {
        rows.count = table[4];
        rows.in_step = table[5];
        rows.out_step = table[6];
    }
    return rows;
}

/* Behind these rows. */
static TC_INLINE int tc_rows_next(tc_walk *walk, const int32_t *table, tc_rows rows) {
    walk->at[0] = rows.count - 1;
    walk->offset[0] += walk->at[0] * rows.in_step;
    walk->offset[1] += walk->at[0] * rows.out_step;
    return tc_walk_next(walk, table, 2);
}

#endif

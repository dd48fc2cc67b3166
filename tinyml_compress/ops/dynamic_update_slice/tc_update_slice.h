/* A block put into a larger one, at a place given at run time. */
#ifndef TC_UPDATE_SLICE_H
#define TC_UPDATE_SLICE_H

#include "tc_base.h"

#define TC_UPDATE_SLICE_RANK 6

/* `start` holds places within bounds. */
static TC_NOINLINE void tc_update_slice(const tc_update_slice_params *p, const uint8_t *update, const int32_t *start,
                                        uint8_t *out) {
    int32_t at[TC_UPDATE_SLICE_RANK] = {0};
    const int32_t rank = p->rank;
    TC_KNOWN(rank > 0 && rank <= TC_UPDATE_SLICE_RANK);
    for (int32_t axis = 0; axis < rank; ++axis) {
        out += start[axis] * p->sizes[3 * axis + 2];
    }
    for (;;) {
        for (int32_t i = 0; i < p->row; ++i) {
            out[i] = update[i];
        }
        update += p->row;
        int32_t axis = rank - 2;
        for (; axis >= 0; --axis) {
            const int32_t *sizes = p->sizes + 3 * axis;
            out += sizes[2];
            if (++at[axis] < sizes[1]) {
                break;
            }
            out -= sizes[1] * sizes[2];
            at[axis] = 0;
        }
        if (axis < 0) {
            return;
        }
    }
}

#define TC_UPDATE_SLICE_START(start, from)                                                           \
    int32_t start[TC_UPDATE_SLICE_RANK];                                                             \
    for (int32_t axis = 0; axis < p->rank; ++axis) {                                                 \
        const int32_t most = p->sizes[3 * axis] - p->sizes[3 * axis + 1];                            \
        (start)[axis] = (from)[axis] < 0 ? 0 : ((from)[axis] > most ? most : (int32_t)(from)[axis]); \
    }

#endif

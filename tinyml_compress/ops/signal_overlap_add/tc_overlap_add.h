/* Frames that overlap, added up. */
#ifndef TC_OVERLAP_ADD_H
#define TC_OVERLAP_ADD_H

#include "tc_base.h"

/* `sums` holds what the part of the frames behind the step has added up to. */
#define TC_OVERLAP_ADD(NUMBER, ADD)                                                                 \
    const int32_t left = p->size - p->step;                                                         \
    for (int32_t row = 0; row < p->rows; ++row, sums += left) {                                     \
        for (int32_t frame = 0; frame < p->frames; ++frame, in += p->size, out += p->step) {        \
            for (int32_t i = 0; i < p->step; ++i) {                                                 \
                out[i] = ADD(in[i], i < left ? sums[i] : (NUMBER)0);                                \
            }                                                                                       \
            for (int32_t i = 0; i < left; ++i) {                                                    \
                sums[i] = ADD(in[i + p->step], i + p->step < left ? sums[i + p->step] : (NUMBER)0); \
            }                                                                                       \
        }                                                                                           \
    }

#endif

/* Transposed convolutions on Helium: which taps of a window cover an output. */
#ifndef TC_TRANSPOSE_CONV_MVE_H
#define TC_TRANSPOSE_CONV_MVE_H

#include "tc_mve_dot.h"
#include "tc_wide.h"

/* Along one axis: `count` taps from `tap` on, a stride apart, over the inputs from `place` downwards. */
typedef struct {
    int32_t tap;
    int32_t place;
    int32_t count;
} tc_mve_cover;

static TC_INLINE tc_mve_cover tc_mve_cover_of(int32_t at, int32_t stride, int32_t kernel, int32_t size) {
    tc_mve_cover cover = {at % stride, at / stride, 0};
    const int32_t behind = cover.place - (size - 1);
    if (behind > 0) {
        cover.tap += behind * stride;
        cover.place = size - 1;
    }
    if (cover.tap < kernel) {
        const int32_t taps = (kernel - cover.tap + stride - 1) / stride;
        cover.count = taps <= cover.place ? taps : cover.place + 1;
    }
    return cover;
}

#endif

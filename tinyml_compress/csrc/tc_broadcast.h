/* The loop of every kernel on two tensors with broadcasting. */
#ifndef TC_BROADCAST_H
#define TC_BROADCAST_H

#include "tc_walk.h"

/* Writes RESULT, an expression in `x` and `y`, for every element of `out`; `in1` and `in2` follow `p->walk`. */
#define TC_BROADCAST(TYPE1, TYPE2, RESULT)                          \
    const int32_t row = p->walk[1];                                 \
    const int32_t step1 = p->walk[2];                               \
    const int32_t step2 = p->walk[3];                               \
    tc_walk walk;                                                   \
    tc_walk_start(&walk);                                           \
    do {                                                            \
        const TYPE1 *a = in1 + walk.offset[0];                      \
        const TYPE2 *b = in2 + walk.offset[1];                      \
        for (int32_t i = 0; i < row; ++i, a += step1, b += step2) { \
            const TYPE1 x = *a;                                     \
            const TYPE2 y = *b;                                     \
            *out++ = RESULT;                                        \
        }                                                           \
    } while (tc_walk_next(&walk, p->walk, 2))

/* Not a number stays what it is. */
static TC_INLINE float tc_f32_clamp(float x, float low, float high) {
    return x < low ? low : (x > high ? high : x);
}

static TC_INLINE int32_t tc_s32_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : (x > high ? high : x);
}

#endif

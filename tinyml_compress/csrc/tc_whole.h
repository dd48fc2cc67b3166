/* Whole numbers in float, without <math.h>. */
#ifndef TC_WHOLE_H
#define TC_WHOLE_H

#include "tc_base.h"

/* From here on a float is whole, or not a number. */
static TC_INLINE int tc_is_whole(float x) {
    return !(x > -8388608.0f && x < 8388608.0f);
}

/* Toward zero, for |x| below 2^23. The sign of a zero is kept. */
static TC_INLINE float tc_truncated(float x) {
    const float whole = (float)(int32_t)x;
    return whole == 0.0f ? x * 0.0f : whole;
}

static TC_INLINE float tc_floor(float x) {
    if (tc_is_whole(x)) {
        return x;
    }
    const float whole = tc_truncated(x);
    return x < whole ? whole - 1.0f : whole;
}

static TC_INLINE float tc_ceil(float x) {
    if (tc_is_whole(x)) {
        return x;
    }
    const float whole = tc_truncated(x);
    return x > whole ? whole + 1.0f : whole;
}

/* To the nearest whole number, ties to the even one. */
static TC_INLINE float tc_round(float x) {
    if (tc_is_whole(x)) {
        return x;
    }
    const float whole = tc_truncated(x);
    const float below = x < whole ? whole - 1.0f : whole;
    const float rest = x - below;
    return rest < 0.5f || (rest == 0.5f && (int32_t)below % 2 == 0) ? below : below + 1.0f;
}

#endif

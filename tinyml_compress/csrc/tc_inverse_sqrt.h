/* 1 / sqrt(x) of an integer in fixed point: five Newton steps with three integer bits. */
#ifndef TC_INVERSE_SQRT_H
#define TC_INVERSE_SQRT_H

#include "tc_requant.h"

typedef struct {
    int32_t multiplier;
    int32_t shift;
} tc_inverse_sqrt_result;

static TC_INLINE int32_t tc_shift_left_saturating(int32_t x, int bits) {
    const int32_t limit = INT32_MAX >> bits;
    return x > limit ? INT32_MAX : (x < -limit - 1 ? INT32_MIN : (int32_t)((uint32_t)x << bits));
}

static TC_INLINE tc_inverse_sqrt_result tc_inverse_sqrt(int32_t value) {
    tc_inverse_sqrt_result result = {INT32_MAX, 0};
    if (value <= 1) {
        return result;
    }
    int32_t shift = 11;
    while (value >= 1 << 29) {
        value /= 4;
        ++shift;
    }
    while (value < 1 << 27) { /* to the top of 29 bits, by pairs */
        value *= 4;
        --shift;
    }
    const int32_t given = value >> 1;
    const int32_t half = tc_rounding_shift_right(given, 1);
    int32_t x = 1 << 28;
    for (int i = 0; i < 5; ++i) {
        const int32_t cube = tc_shift_left_saturating(tc_high_mul(tc_high_mul(x, x), x), 6);
        const int32_t next = tc_high_mul((1 << 28) + (1 << 27), x) - tc_high_mul(half, cube);
        x = tc_shift_left_saturating(next, 3);
    }
    x = tc_high_mul(x, 1518500250); /* sqrt(2) / 2 */
    if (shift < 0) {
        x = (int32_t)((uint32_t)x << -shift);
        shift = 0;
    }
    result.multiplier = x;
    result.shift = -shift;
    return result;
}

#endif

/* What is left of a quotient that is rounded down. */
#ifndef TC_FLOOR_MOD_H
#define TC_FLOOR_MOD_H

#include "tc_broadcast.h"

/* x - y * trunc(x / y), exactly: long division by doubled and halved divisors, whose differences are exact. */
static TC_NOINLINE float tc_remainder(float x, float y) {
    float rest = x < 0.0f ? -x : x;
    const float divisor = y < 0.0f ? -y : y;
    if (!(divisor > 0.0f) || !(rest <= 3.4028235e38f)) {
        const float zero = (x - x) * (y - y);
        return x != x ? x : (y != y ? y : zero / zero);
    }
    float scaled = divisor;
    while (scaled <= rest * 0.5f) {
        scaled *= 2.0f;
    }
    while (scaled >= divisor && scaled <= 3.4028235e38f) {
        rest -= rest >= scaled ? scaled : 0.0f;
        scaled *= 0.5f;
    }
    return x < 0.0f ? -rest : rest;
}

/* The remainder has the divisor's sign. */
static TC_INLINE float tc_floor_mod(float x, float y) {
    const float rest = tc_remainder(x, y);
    return (rest < 0.0f || rest > 0.0f) && (y < 0.0f) != (rest < 0.0f) ? rest + y : rest;
}

#endif

/* e^x - 1 for x up to 44, and the hyperbolic tangent, in float: operation by operation what the C libraries of desktops
 * and microcontrollers have done for decades, and so the same bits. A product and its sum stand in statements of their
 * own: compilers must not contract them. */
#ifndef TC_TANH_H
#define TC_TANH_H

#include "tc_exp.h"

/* k times log(2) in two parts, the upper of which has few bits, and what is left of x. */
typedef struct {
    float rest;
    float lost;
} tc_reduced;

static TC_INLINE tc_reduced tc_without_logs_of_two(float x, int32_t k) {
    const float upper = (float)k * 6.9313812256e-01f;
    const float lower = (float)k * 9.0580006145e-06f;
    const float high = x - upper;
    tc_reduced result;
    result.rest = high - lower;
    const float gone = high - result.rest;
    result.lost = gone - lower;
    return result;
}

/* The nearest whole number of times that log(2) goes into x; 0 up to a half of it. */
static TC_INLINE int32_t tc_logs_of_two(float x, uint32_t magnitude) {
    if (magnitude <= 0x3eb17218u) {
        return 0;
    }
    if (magnitude < 0x3f851592u) { /* one and a half of it */
        return x < 0.0f ? -1 : 1;
    }
    const float turns = 1.4426950216e+00f * x;
    return (int32_t)(turns + (x < 0.0f ? -0.5f : 0.5f));
}

/* `power` is added to the exponent. */
static TC_INLINE float tc_times_power(float x, int32_t power) {
    return tc_float_of(tc_bits_of(x) + ((uint32_t)power << 23));
}

static TC_NOINLINE float tc_expm1(float x) {
    const uint32_t magnitude = tc_bits_of(x) & 0x7fffffffu;
    if (magnitude < 0x33000000u) { /* 2^-25 */
        return x;
    }
    const int32_t k = tc_logs_of_two(x, magnitude);
    const tc_reduced reduced = tc_without_logs_of_two(x, k);
    const float rest = reduced.rest;
    const float half = 0.5f * rest;
    const float square = rest * half;
    static const float parts[] = {4.0082177293e-06f, -7.9365076090e-05f, 1.5873016091e-03f, -3.3333335072e-02f, 1.0f};
    float sum = -2.0109921195e-07f;
    for (int i = 0; i < 5; i++) {
        const float grown = square * sum;
        sum = parts[i] + grown;
    }
    const float taken = sum * half;
    const float t = 3.0f - taken;
    const float under = rest * t;
    const float part = square * ((sum - t) / (6.0f - under));
    if (k == 0) {
        const float product = rest * part;
        return rest - (product - square);
    }
    const float error = rest * (part - reduced.lost);
    const float e = (error - reduced.lost) - square;
    if (k == -1) {
        const float halved = 0.5f * (rest - e);
        return halved - 0.5f;
    }
    if (k == 1) {
        const float doubled = 2.0f * (rest - e);
        return rest < -0.25f ? -2.0f * (e - (rest + 0.5f)) : 1.0f + doubled;
    }
    if (k < 0 || k > 56) {
        return tc_times_power(1.0f - (e - rest), k) - 1.0f;
    }
    const float power = tc_float_of((uint32_t)(127 - k) << 23); /* 2^-k */
    const float near = k < 23 ? (1.0f - power) - (e - rest) : (rest - (e + power)) + 1.0f;
    return tc_times_power(near, k);
}

static TC_INLINE float tc_tanh(float x) {
    const uint32_t magnitude = tc_bits_of(x) & 0x7fffffffu;
    if (magnitude >= 0x41b00000u) { /* 22 */
        return x != x ? x : (x < 0.0f ? -1.0f : 1.0f);
    }
    if (magnitude < 0x24000000u) { /* 2^-55 */
        return x;
    }
    const float size = tc_float_of(magnitude);
    const int far = magnitude >= 0x3f800000u;
    const float grown = tc_expm1(far ? 2.0f * size : -2.0f * size);
    const float result = far ? 1.0f - 2.0f / (grown + 2.0f) : -grown / (grown + 2.0f);
    return x < 0.0f ? -result : result;
}

#endif

/* exp, log, sine, cosine and what is made of them, without <math.h>. All but exp, logistic and tanh compute in double,
 * so that the float result is the correctly rounded one but for rare ties: within one unit in the last place of any
 * good library. */
#ifndef TC_FLOAT_MATH_H
#define TC_FLOAT_MATH_H

#include "tc_tanh.h"

/* 2^exponent, for those of normal numbers. */
static TC_INLINE double tc_power_of_two(int32_t exponent) {
    /* Not by memcpy: a build for bare metal calls it, for eight bytes as well. */
    const union {
        uint64_t bits;
        double value;
    } result = {(uint64_t)(1023 + exponent) << 52};
    return result.value;
}

/* e^x for |x| up to 700. */
static TC_NOINLINE double tc_exp_double(double x) {
    const double turns = x * 1.4426950408889634;
    const int32_t whole = (int32_t)(turns < 0.0 ? turns - 0.5 : turns + 0.5);
    const double rest = (x - whole * 0.693147180369123816490) - whole * 1.90821492927058770002e-10;
    /* Of 1 / n! */
    static const double parts[] = {
        1.0,
        1.0,
        0.5,
        0.16666666666666666,
        0.041666666666666664,
        0.008333333333333333,
        0.001388888888888889,
        0.0001984126984126984,
        2.48015873015873e-05,
        2.7557319223985893e-06,
        2.755731922398589e-07,
        2.505210838544172e-08,
        2.08767569878681e-09,
        1.6059043836821613e-10,
    };
    double sum = parts[13];
    for (int32_t i = 12; i >= 0; --i) {
        sum = parts[i] + sum * rest;
    }
    return sum * tc_power_of_two(whole);
}

/* Natural logarithm of a double above zero that a float can hold. */
static TC_NOINLINE double tc_log_double(double x) {
    int32_t exponent = 0;
    while (x > 1.4142135623730951) {
        x *= 0.5;
        ++exponent;
    }
    while (x < 0.7071067811865476) {
        x *= 2.0;
        --exponent;
    }
    const double ratio = (x - 1.0) / (x + 1.0); /* log(x) = 2 * artanh(ratio) */
    const double square = ratio * ratio;
    double sum = 0.0;
    for (int32_t i = 23; i > 0; i -= 2) {
        sum = sum * square + 1.0 / i;
    }
    return 2.0 * ratio * sum + exponent * 0.6931471805599453;
}

static TC_INLINE float tc_log(float x) {
    if (!(x > 0.0f) || x > 3.4028234e38f) {
        const float zero = x - x;
        return x == 0.0f ? -1.0f / (x * x) : (x > 0.0f ? x : zero / zero);
    }
    return (float)tc_log_double((double)x);
}

/* Sine of x plus `quarters` right angles, for |x| up to 2^20. */
static TC_NOINLINE double tc_sine_double(double x, int32_t quarters) {
    const double turns = x * 0.6366197723675814;
    const int32_t whole = (int32_t)(turns < 0.0 ? turns - 0.5 : turns + 0.5);
    const double rest = (x - whole * 1.57079632673412561417) - whole * 6.07710050650619224932e-11;
    const int32_t side = (whole + quarters) & 3;
    const double square = rest * rest;
    const int32_t first = side & 1; /* the series of the cosine, else of the sine */
    double sum = 1.0;
    for (int32_t i = 18 + 1 - first; i > 1; i -= 2) {
        sum = 1.0 - sum * square / (i * (i - 1));
    }
    const double result = first ? sum : sum * rest;
    return side & 2 ? -result : result;
}

static TC_INLINE float tc_sine(float x, int32_t quarters) {
    if (!(x > -1048576.0f && x < 1048576.0f)) {
        const float zero = x - x; /* not a number for infinities; far out the angle means nothing any more */
        return zero / zero;
    }
    return (float)tc_sine_double((double)x, quarters);
}

/* e^x - 1 without loss near zero. */
static TC_NOINLINE double tc_expm1_double(double x) {
    if (x > -0.01 && x < 0.01) {
        return x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0)))));
    }
    return tc_exp_double(x < -200.0 ? -200.0 : x) - 1.0;
}

static TC_INLINE float tc_elu(float x) {
    return x < 0.0f ? (float)tc_expm1_double((double)x) : x;
}

/* Far out it is 1, or the exponential itself. */
static TC_INLINE float tc_logistic(float x) {
    if (x > 16.619047f) {
        return 1.0f;
    }
    return x < -9.0f ? tc_exp(x) : 1.0f / (1.0f + tc_exp(-x));
}

#endif

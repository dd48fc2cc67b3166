/* Floating-point numbers as the core treats them: rounding to nearest; the marks of exceptions are not kept. */
#ifndef TC_CORE_NUMBER_H
#define TC_CORE_NUMBER_H

#include <stdint.h>

static inline float tc_float(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value;
}

static inline uint32_t tc_float_bits(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    return bits;
}

static inline double tc_double(uint64_t bits) {
    double value;
    __builtin_memcpy(&value, &bits, 8);
    return value;
}

static inline uint64_t tc_double_bits(double value) {
    uint64_t bits;
    __builtin_memcpy(&bits, &value, 8);
    return bits;
}

/* A format: 16, 32 or 64 bits wide, as numbers of bits; values travel as their bits. */
typedef struct {
    uint32_t width, fraction;
} tc_format;

static const tc_format TC_HALF = {16, 10}, TC_SINGLE = {32, 23}, TC_DOUBLE = {64, 52};

static inline uint64_t tc_sign_of(tc_format format) {
    return (uint64_t)1 << (format.width - 1u);
}

static inline uint64_t tc_infinity(tc_format format) {
    return tc_sign_of(format) - ((uint64_t)1 << format.fraction);
}

static inline uint64_t tc_default_nan(tc_format format) {
    return tc_infinity(format) | (uint64_t)1 << (format.fraction - 1u);
}

static inline int tc_is_nan(tc_format format, uint64_t bits) {
    return (bits & (tc_sign_of(format) - 1u)) > tc_infinity(format);
}

static inline int tc_is_signaling(tc_format format, uint64_t bits) {
    return tc_is_nan(format, bits) && !(bits >> (format.fraction - 1u) & 1u);
}

static inline uint64_t tc_quiet(tc_format format, uint64_t bits) {
    return bits | (uint64_t)1 << (format.fraction - 1u);
}

/* Exact. NaNs keep sign and payload. */
static inline double tc_from_half(uint32_t bits) {
    const uint32_t exponent = bits >> 10 & 31u, fraction = bits & 0x3FFu;
    double value;
    if (exponent == 31u) {
        return tc_double((uint64_t)(bits >> 15) << 63 | 0x7FF0000000000000u | (uint64_t)fraction << 42);
    }
    if (exponent == 0u) {
        value = (double)fraction / 16777216.0;
    } else {
        value = (double)(fraction | 0x400u) * tc_double((uint64_t)(exponent + 998u) << 52);
    }
    return bits >> 15 ? -value : value;
}

/* To nearest, ties to even. */
static inline uint32_t tc_to_half(double value) {
    const uint64_t bits = tc_double_bits(value);
    const uint32_t sign = (uint32_t)(bits >> 63) << 15;
    const int32_t exponent = (int32_t)(bits >> 52 & 0x7FFu) - 1023;
    const uint64_t fraction = bits & 0xFFFFFFFFFFFFFu;
    if (exponent == 1024) {
        return sign | 0x7C00u | (fraction ? 0x200u | (uint32_t)(fraction >> 42) : 0u);
    }
    if (exponent > 15) {
        return sign | 0x7C00u;
    }
    if (exponent < -26) {
        return sign;
    }
    const uint64_t significand = fraction | (uint64_t)1 << 52;
    const uint32_t drop = exponent < -14 ? (uint32_t)(28 - exponent) : 42u;
    uint32_t result = (uint32_t)(significand >> drop);
    const uint64_t rest = significand & (((uint64_t)1 << drop) - 1u), half = (uint64_t)1 << (drop - 1u);
    result += rest > half || (rest == half && (result & 1u));
    if (exponent >= -14) { /* a carry out of the fraction raises the exponent, up to infinity */
        result += (uint32_t)(exponent + 14) << 10;
    }
    return sign | result;
}

static inline double tc_number(tc_format format, uint64_t bits) {
    return format.width == 16u   ? tc_from_half((uint32_t)bits)
           : format.width == 32u ? (double)tc_float((uint32_t)bits)
                                 : tc_double(bits);
}

/* No NaN. */
static inline uint64_t tc_rounded_to(tc_format format, double value) {
    return format.width == 16u   ? tc_to_half(value)
           : format.width == 32u ? tc_float_bits((float)value)
                                 : tc_double_bits(value);
}

/* Of two operands of which at least one is a NaN. */
static inline uint64_t tc_nan_of(tc_format format, uint64_t a, uint64_t b) {
    if (tc_is_signaling(format, a)) {
        return tc_quiet(format, a);
    }
    if (tc_is_signaling(format, b)) {
        return tc_quiet(format, b);
    }
    return tc_is_nan(format, a) ? a : b;
}

enum { TC_PLUS, TC_MINUS, TC_TIMES, TC_OVER };

/* Half and single are computed in double: rounding twice changes nothing for these four. */
static inline uint64_t tc_computed(tc_format format, int operation, uint64_t a, uint64_t b) {
    if (tc_is_nan(format, a) || tc_is_nan(format, b)) {
        return tc_nan_of(format, a, b);
    }
    const double x = tc_number(format, a), y = tc_number(format, b);
    const double result = operation == TC_PLUS    ? x + y
                          : operation == TC_MINUS ? x - y
                          : operation == TC_TIMES ? x * y
                                                  : x / y;
    return result != result ? tc_default_nan(format) : tc_rounded_to(format, result);
}

/* c + ab of numbers, in double, rounded to odd, so that rounding again is exact. A NaN where there is no result. */
static inline double tc_fused_double(tc_format format, uint64_t c, uint64_t a, uint64_t b) {
    const double product = tc_number(format, a) * tc_number(format, b), addend = tc_number(format, c);
    double sum = product + addend;
    const double part = sum - product, error = (product - (sum - part)) + (addend - part);
    if (error != 0.0 && error == error && sum - sum == 0.0) {
        const uint64_t bits = tc_double_bits(sum);
        if (!(bits & 1u)) {
            sum = tc_double((error > 0.0) == (sum > 0.0) ? bits + 1u : bits - 1u);
        }
    }
    return sum;
}

/* c + ab, rounded once; not for doubles. */
static inline uint64_t tc_fused(tc_format format, uint64_t c, uint64_t a, uint64_t b) {
    const uint64_t magnitude = tc_sign_of(format) - 1u, infinity = tc_infinity(format);
    const int is_invalid =
        ((a & magnitude) == infinity && !(b & magnitude)) || ((b & magnitude) == infinity && !(a & magnitude));
    if (tc_is_nan(format, a) || tc_is_nan(format, b) || tc_is_nan(format, c)) {
        if (is_invalid && !tc_is_signaling(format, c)) {
            return tc_default_nan(format);
        }
        if (tc_is_signaling(format, c)) {
            return tc_quiet(format, c);
        }
        if (tc_is_signaling(format, a) || tc_is_signaling(format, b)) {
            return tc_nan_of(format, a, b);
        }
        return tc_is_nan(format, c) ? c : tc_nan_of(format, a, b);
    }
    const double sum = tc_fused_double(format, c, a, b);
    return sum != sum ? tc_default_nan(format) : tc_rounded_to(format, sum);
}

/* The one that is a number wins over a quiet NaN. */
static inline uint64_t tc_extreme(tc_format format, int is_minimum, uint64_t a, uint64_t b) {
    if (tc_is_nan(format, a) || tc_is_nan(format, b)) {
        if (tc_is_signaling(format, a) || tc_is_signaling(format, b) ||
            (tc_is_nan(format, a) && tc_is_nan(format, b))) {
            return tc_nan_of(format, a, b);
        }
        return tc_is_nan(format, a) ? b : a;
    }
    const double x = tc_number(format, a), y = tc_number(format, b);
    if (x == y) { /* zeros of either sign */
        return is_minimum ? a | b : a & b;
    }
    return (x < y) == is_minimum ? a : b;
}

enum { TC_AWAY, TC_EVEN, TC_UP, TC_DOWN, TC_ZERO };

/* To a whole number, exact; the first four as instructions number them. */
static inline double tc_whole(double value, uint32_t mode) {
    if (!(value < 4503599627370496.0 && value > -4503599627370496.0)) {
        return value;
    }
    double whole = (double)(int64_t)value;
    const double rest = value - whole;
    const double size = rest < 0.0 ? -rest : rest, step = value < 0.0 ? -1.0 : 1.0;
    const int is_odd = (int)((int64_t)value & 1);
    if ((mode == TC_AWAY && size >= 0.5) || (mode == TC_EVEN && (size > 0.5 || (size == 0.5 && is_odd))) ||
        (mode == TC_UP && rest > 0.0) || (mode == TC_DOWN && rest < 0.0)) {
        whole += step;
    }
    return tc_double((tc_double_bits(whole) & ~((uint64_t)1 << 63)) | (tc_double_bits(value) & (uint64_t)1 << 63));
}

/* To a whole number of that many bits, saturated; 0 for a NaN. */
static inline uint64_t tc_to_integer(double value, uint32_t mode, uint32_t bits, int is_signed) {
    const double limit = tc_double((uint64_t)(1023u + bits - (is_signed ? 1u : 0u)) << 52);
    const double whole = tc_whole(value, mode), low = is_signed ? -limit : 0.0;
    if (whole != whole) {
        return 0;
    }
    if (whole >= limit) {
        return (is_signed ? (uint64_t)1 << (bits - 1u) : (uint64_t)1 << bits) - 1u;
    }
    return whole < low ? (uint64_t)(int64_t)low : (uint64_t)(int64_t)whole;
}

#endif

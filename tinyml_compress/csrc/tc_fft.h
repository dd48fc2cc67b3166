/* Fourier transforms in stages. In fixed point every stage divides by its radix, so that nothing overflows, and rounds:
 * the order of the steps below is part of the result. */
#ifndef TC_FFT_H
#define TC_FFT_H

#include "tc_base.h"

#define TC_FFT_STAGES 16

/* The order in which the innermost stage wants its inputs: an odometer over the stages. */
typedef struct {
    int32_t digit[TC_FFT_STAGES];
    int32_t at;
} tc_fft_order;

static TC_INLINE void tc_fft_start(tc_fft_order *order) {
    for (int32_t i = 0; i < TC_FFT_STAGES; ++i) {
        order->digit[i] = 0;
    }
    order->at = 0;
}

static TC_NOINLINE void tc_fft_next(const tc_fft_params *p, tc_fft_order *order) {
    for (int32_t level = p->count - 1; level >= 0; --level) {
        const int32_t *stage = p->stages + 3 * level;
        order->at += stage[1];
        if (++order->digit[level] < stage[0]) {
            return;
        }
        order->at -= stage[0] * stage[1];
        order->digit[level] = 0;
    }
}

/* The stages for one kind of number, whose arithmetic is in tc_<T>_fft.h; a complex number is a pair. */

#define TC_FFT_DEFINE(T, NUMBER)                                                                                       \
    typedef struct {                                                                                                   \
        NUMBER r;                                                                                                      \
        NUMBER i;                                                                                                      \
    } tc_##T##_complex;                                                                                                \
                                                                                                                       \
    static TC_INLINE tc_##T##_complex tc_##T##_complex_add(tc_##T##_complex a, tc_##T##_complex b) {                   \
        const tc_##T##_complex c = {tc_##T##_fft_add(a.r, b.r), tc_##T##_fft_add(a.i, b.i)};                           \
        return c;                                                                                                      \
    }                                                                                                                  \
    static TC_INLINE tc_##T##_complex tc_##T##_complex_sub(tc_##T##_complex a, tc_##T##_complex b) {                   \
        const tc_##T##_complex c = {tc_##T##_fft_sub(a.r, b.r), tc_##T##_fft_sub(a.i, b.i)};                           \
        return c;                                                                                                      \
    }                                                                                                                  \
    static TC_INLINE tc_##T##_complex tc_##T##_complex_mul(tc_##T##_complex a, tc_##T##_complex b) {                   \
        const tc_##T##_complex c = {tc_##T##_fft_mul_sub(a.r, b.r, a.i, b.i),                                          \
                                    tc_##T##_fft_mul_add(a.r, b.i, a.i, b.r)};                                         \
        return c;                                                                                                      \
    }                                                                                                                  \
    static TC_INLINE tc_##T##_complex tc_##T##_complex_share(tc_##T##_complex a, int32_t parts) {                      \
        const tc_##T##_complex c = {tc_##T##_fft_share(a.r, parts), tc_##T##_fft_share(a.i, parts)};                   \
        return c;                                                                                                      \
    }                                                                                                                  \
    /* a turned by a quarter clockwise, added to b */                                                                  \
    static TC_INLINE tc_##T##_complex tc_##T##_complex_turned(tc_##T##_complex b, tc_##T##_complex a) {                \
        const tc_##T##_complex c = {tc_##T##_fft_add(b.r, a.i), tc_##T##_fft_sub(b.i, a.r)};                           \
        return c;                                                                                                      \
    }                                                                                                                  \
    /* ... and counter-clockwise */                                                                                    \
    static TC_INLINE tc_##T##_complex tc_##T##_complex_turned_back(tc_##T##_complex b, tc_##T##_complex a) {           \
        const tc_##T##_complex c = {tc_##T##_fft_sub(b.r, a.i), tc_##T##_fft_add(b.i, a.r)};                           \
        return c;                                                                                                      \
    }                                                                                                                  \
    /* b plus the real part of turn for a (sums of opposite inputs) */                                                 \
    static TC_INLINE tc_##T##_complex tc_##T##_complex_along(tc_##T##_complex b, tc_##T##_complex a, NUMBER turn) {    \
        const tc_##T##_complex c = {tc_##T##_fft_add(b.r, tc_##T##_fft_mul(a.r, turn)),                                \
                                    tc_##T##_fft_add(b.i, tc_##T##_fft_mul(a.i, turn))};                               \
        return c;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    static TC_INLINE void tc_##T##_fft_2(tc_##T##_complex *x, const tc_##T##_complex *circle, int32_t step,            \
                                         int32_t m) {                                                                  \
        for (int32_t k = 0; k < m; ++k, ++x) {                                                                         \
            const tc_##T##_complex a = tc_##T##_complex_share(x[0], 2);                                                \
            const tc_##T##_complex b = tc_##T##_complex_mul(tc_##T##_complex_share(x[m], 2), circle[k * step]);        \
            x[m] = tc_##T##_complex_sub(a, b);                                                                         \
            x[0] = tc_##T##_complex_add(a, b);                                                                         \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static TC_INLINE void tc_##T##_fft_3(tc_##T##_complex *x, const tc_##T##_complex *circle, int32_t step,            \
                                         int32_t m) {                                                                  \
        const NUMBER third = circle[step * m].i;                                                                       \
        for (int32_t k = 0; k < m; ++k, ++x) {                                                                         \
            const tc_##T##_complex a = tc_##T##_complex_share(x[0], 3);                                                \
            const tc_##T##_complex b = tc_##T##_complex_mul(tc_##T##_complex_share(x[m], 3), circle[k * step]);        \
            const tc_##T##_complex c =                                                                                 \
                tc_##T##_complex_mul(tc_##T##_complex_share(x[2 * m], 3), circle[2 * k * step]);                       \
            const tc_##T##_complex sum = tc_##T##_complex_add(b, c);                                                   \
            const tc_##T##_complex difference = tc_##T##_complex_sub(b, c);                                            \
            const tc_##T##_complex middle = {tc_##T##_fft_sub(a.r, tc_##T##_fft_half(sum.r, 0)),                       \
                                             tc_##T##_fft_sub(a.i, tc_##T##_fft_half(sum.i, 0))};                      \
            const tc_##T##_complex side = {tc_##T##_fft_mul(difference.r, third),                                      \
                                           tc_##T##_fft_mul(difference.i, third)};                                     \
            x[0] = tc_##T##_complex_add(a, sum);                                                                       \
            x[2 * m] = tc_##T##_complex_turned(middle, side);                                                          \
            x[m] = tc_##T##_complex_turned_back(middle, side);                                                         \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static TC_INLINE void tc_##T##_fft_4(tc_##T##_complex *x, const tc_##T##_complex *circle, int32_t step, int32_t m, \
                                         int32_t inverse) {                                                            \
        for (int32_t k = 0; k < m; ++k, ++x) {                                                                         \
            const tc_##T##_complex a = tc_##T##_complex_share(x[0], 4);                                                \
            const tc_##T##_complex b = tc_##T##_complex_mul(tc_##T##_complex_share(x[m], 4), circle[k * step]);        \
            const tc_##T##_complex c =                                                                                 \
                tc_##T##_complex_mul(tc_##T##_complex_share(x[2 * m], 4), circle[2 * k * step]);                       \
            const tc_##T##_complex d =                                                                                 \
                tc_##T##_complex_mul(tc_##T##_complex_share(x[3 * m], 4), circle[3 * k * step]);                       \
            const tc_##T##_complex even = tc_##T##_complex_add(a, c);                                                  \
            const tc_##T##_complex odd = tc_##T##_complex_sub(a, c);                                                   \
            const tc_##T##_complex sum = tc_##T##_complex_add(b, d);                                                   \
            const tc_##T##_complex difference = tc_##T##_complex_sub(b, d);                                            \
            x[0] = tc_##T##_complex_add(even, sum);                                                                    \
            x[2 * m] = tc_##T##_complex_sub(even, sum);                                                                \
            x[inverse ? 3 * m : m] = tc_##T##_complex_turned(odd, difference);                                         \
            x[inverse ? m : 3 * m] = tc_##T##_complex_turned_back(odd, difference);                                    \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static TC_INLINE void tc_##T##_fft_5(tc_##T##_complex *x, const tc_##T##_complex *circle, int32_t step,            \
                                         int32_t m) {                                                                  \
        const tc_##T##_complex fifth = circle[step * m];                                                               \
        const tc_##T##_complex second = circle[2 * step * m];                                                          \
        for (int32_t k = 0; k < m; ++k, ++x) {                                                                         \
            const tc_##T##_complex a = tc_##T##_complex_share(x[0], 5);                                                \
            const tc_##T##_complex b = tc_##T##_complex_mul(tc_##T##_complex_share(x[m], 5), circle[k * step]);        \
            const tc_##T##_complex c =                                                                                 \
                tc_##T##_complex_mul(tc_##T##_complex_share(x[2 * m], 5), circle[2 * k * step]);                       \
            const tc_##T##_complex d =                                                                                 \
                tc_##T##_complex_mul(tc_##T##_complex_share(x[3 * m], 5), circle[3 * k * step]);                       \
            const tc_##T##_complex e =                                                                                 \
                tc_##T##_complex_mul(tc_##T##_complex_share(x[4 * m], 5), circle[4 * k * step]);                       \
            const tc_##T##_complex outer = tc_##T##_complex_add(b, e);                                                 \
            const tc_##T##_complex inner = tc_##T##_complex_add(c, d);                                                 \
            const tc_##T##_complex far = tc_##T##_complex_sub(b, e);                                                   \
            const tc_##T##_complex near = tc_##T##_complex_sub(c, d);                                                  \
            const tc_##T##_complex first =                                                                             \
                tc_##T##_complex_along(tc_##T##_complex_along(a, outer, fifth.r), inner, second.r);                    \
            const tc_##T##_complex other =                                                                             \
                tc_##T##_complex_along(tc_##T##_complex_along(a, outer, second.r), inner, fifth.r);                    \
            const tc_##T##_complex up = {                                                                              \
                tc_##T##_fft_add(tc_##T##_fft_mul(far.r, fifth.i), tc_##T##_fft_mul(near.r, second.i)),                \
                tc_##T##_fft_add(tc_##T##_fft_mul(far.i, fifth.i), tc_##T##_fft_mul(near.i, second.i))};               \
            const tc_##T##_complex down = {                                                                            \
                tc_##T##_fft_sub(tc_##T##_fft_mul(far.r, second.i), tc_##T##_fft_mul(near.r, fifth.i)),                \
                tc_##T##_fft_sub(tc_##T##_fft_mul(far.i, second.i), tc_##T##_fft_mul(near.i, fifth.i))};               \
            x[0] = tc_##T##_complex_add(a, tc_##T##_complex_add(outer, inner));                                        \
            x[m] = tc_##T##_complex_turned_back(first, up);                                                            \
            x[4 * m] = tc_##T##_complex_turned(first, up);                                                             \
            x[2 * m] = tc_##T##_complex_turned_back(other, down);                                                      \
            x[3 * m] = tc_##T##_complex_turned(other, down);                                                           \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* The transform of numbers that already lie in the order of the odometer. */                                      \
    static TC_NOINLINE void tc_##T##_fft(const tc_fft_params *p, tc_##T##_complex *x) {                                \
        const tc_##T##_complex *circle = (const tc_##T##_complex *)p->circle;                                          \
        for (int32_t level = p->count - 1; level >= 0; --level) {                                                      \
            const int32_t *stage = p->stages + 3 * level;                                                              \
            const int32_t step = stage[1];                                                                             \
            const int32_t m = stage[2];                                                                                \
            for (int32_t part = 0; part < step; ++part) {                                                              \
                tc_##T##_complex *start = x + part * stage[0] * m;                                                     \
                if (stage[0] == 4) {                                                                                   \
                    tc_##T##_fft_4(start, circle, step, m, p->inverse);                                                \
                } else if (stage[0] == 2) {                                                                            \
                    tc_##T##_fft_2(start, circle, step, m);                                                            \
                } else if (stage[0] == 3) {                                                                            \
                    tc_##T##_fft_3(start, circle, step, m);                                                            \
                } else {                                                                                               \
                    tc_##T##_fft_5(start, circle, step, m);                                                            \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

#endif

/* The spectrum of real values: neighbours as complex numbers, a transform of half the length, and a last step. */
#ifndef TC_RFFT_H
#define TC_RFFT_H

#include "tc_fft.h"

#define TC_RFFT_DEFINE(T, NUMBER)                                                                                \
    static TC_NOINLINE void tc_##T##_spectrum(const tc_fft_params *p, const NUMBER *in, tc_##T##_complex *out) { \
        const tc_##T##_complex *halves = (const tc_##T##_complex *)p->halves;                                    \
        const int32_t points = p->points;                                                                        \
        tc_fft_order order;                                                                                      \
        tc_fft_start(&order);                                                                                    \
        for (int32_t i = 0; i < points; ++i) {                                                                   \
            const int32_t at = 2 * order.at;                                                                     \
            out[i].r = at < p->given ? in[at] : (NUMBER)0;                                                       \
            out[i].i = at + 1 < p->given ? in[at + 1] : (NUMBER)0;                                               \
            tc_fft_next(p, &order);                                                                              \
        }                                                                                                        \
        tc_##T##_fft(p, out);                                                                                    \
        const tc_##T##_complex all = tc_##T##_complex_share(out[0], 2);                                          \
        out[0].r = tc_##T##_fft_add(all.r, all.i);                                                               \
        out[points].r = tc_##T##_fft_sub(all.r, all.i);                                                          \
        out[0].i = 0;                                                                                            \
        out[points].i = 0;                                                                                       \
        for (int32_t k = 1; k <= points / 2; ++k) {                                                              \
            const tc_##T##_complex low = tc_##T##_complex_share(out[k], 2);                                      \
            const tc_##T##_complex mirrored = {out[points - k].r, tc_##T##_fft_negative(out[points - k].i)};     \
            const tc_##T##_complex high = tc_##T##_complex_share(mirrored, 2);                                   \
            const tc_##T##_complex even = tc_##T##_complex_add(low, high);                                       \
            const tc_##T##_complex odd = tc_##T##_complex_mul(tc_##T##_complex_sub(low, high), halves[k - 1]);   \
            out[k].r = tc_##T##_fft_half(even.r, odd.r);                                                         \
            out[k].i = tc_##T##_fft_half(even.i, odd.i);                                                         \
            out[points - k].r = tc_##T##_fft_half_sub(even.r, odd.r);                                            \
            out[points - k].i = tc_##T##_fft_half_sub(odd.i, even.i);                                            \
        }                                                                                                        \
    }

#define TC_RFFT_FRAMES(T)                                                                 \
    for (int32_t frame = 0; frame < p->frames; ++frame, in += p->given, out += p->made) { \
        tc_##T##_spectrum(p, in, (tc_##T##_complex *)out);                                \
    }

#endif

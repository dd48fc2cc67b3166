/* Real values from their spectrum: a first step to the spectrum of half the length, then its transform. */
#ifndef TC_IRFFT_H
#define TC_IRFFT_H

#include "tc_fft.h"

#define TC_IRFFT_DEFINE(T, NUMBER)                                                                             \
    static TC_NOINLINE void tc_##T##_frame(const tc_fft_params *p, const tc_##T##_complex *in,                 \
                                           tc_##T##_complex *folded, tc_##T##_complex *out) {                  \
        const tc_##T##_complex *halves = (const tc_##T##_complex *)p->halves;                                  \
        const int32_t points = p->points;                                                                      \
        const tc_##T##_complex ends = {tc_##T##_fft_add(in[0].r, in[points].r),                                \
                                       tc_##T##_fft_sub(in[0].r, in[points].r)};                               \
        folded[0] = tc_##T##_complex_share(ends, 2);                                                           \
        for (int32_t k = 1; k <= points / 2; ++k) {                                                            \
            const tc_##T##_complex low = tc_##T##_complex_share(in[k], 2);                                     \
            const tc_##T##_complex mirrored = {in[points - k].r, tc_##T##_fft_negative(in[points - k].i)};     \
            const tc_##T##_complex high = tc_##T##_complex_share(mirrored, 2);                                 \
            const tc_##T##_complex even = tc_##T##_complex_add(low, high);                                     \
            const tc_##T##_complex odd = tc_##T##_complex_mul(tc_##T##_complex_sub(low, high), halves[k - 1]); \
            folded[k] = tc_##T##_complex_add(even, odd);                                                       \
            folded[points - k] = tc_##T##_complex_sub(even, odd);                                              \
            folded[points - k].i = tc_##T##_fft_negative(folded[points - k].i);                                \
        }                                                                                                      \
        tc_fft_order order;                                                                                    \
        tc_fft_start(&order);                                                                                  \
        for (int32_t i = 0; i < points; ++i) {                                                                 \
            out[i] = folded[order.at];                                                                         \
            tc_fft_next(p, &order);                                                                            \
        }                                                                                                      \
        tc_##T##_fft(p, out);                                                                                  \
    }

#define TC_IRFFT_FRAMES(T)                                                                                     \
    for (int32_t frame = 0; frame < p->frames; ++frame, in += p->given, out += p->made) {                      \
        tc_##T##_frame(p, (const tc_##T##_complex *)in, (tc_##T##_complex *)scratch, (tc_##T##_complex *)out); \
    }

#endif

/* Real values from their spectrum: a first step to the spectrum of half the length, then its transform. */
#ifndef TC_IRFFT_H
#define TC_IRFFT_H

#include "tc_fft.h"

#define TC_IRFFT_DEFINE(T, NUMBER)                                                                                     \
    static TC_NOINLINE void tc_##T##_frame(const tc_fft_params *p, const tc_##T##_pair *in, tc_##T##_pair *folded,     \
                                           tc_##T##_pair *out) {                                                       \
        const tc_##T##_pair *halves = (const tc_##T##_pair *)p->halves;                                                \
        const int32_t points = p->points;                                                                              \
        const tc_##T##_pair ends = {tc_##T##_fft_add(in[0].r, in[points].r), tc_##T##_fft_sub(in[0].r, in[points].r)}; \
        folded[0] = tc_##T##_pair_share(ends, 2);                                                                      \
        for (int32_t k = 1; k <= points / 2; ++k) {                                                                    \
            const tc_##T##_pair low = tc_##T##_pair_share(in[k], 2);                                                   \
            const tc_##T##_pair mirrored = {in[points - k].r, tc_##T##_fft_negative(in[points - k].i)};                \
            const tc_##T##_pair high = tc_##T##_pair_share(mirrored, 2);                                               \
            const tc_##T##_pair even = tc_##T##_pair_add(low, high);                                                   \
            const tc_##T##_pair odd = tc_##T##_pair_mul(tc_##T##_pair_sub(low, high), halves[k - 1]);                  \
            folded[k] = tc_##T##_pair_add(even, odd);                                                                  \
            folded[points - k] = tc_##T##_pair_sub(even, odd);                                                         \
            folded[points - k].i = tc_##T##_fft_negative(folded[points - k].i);                                        \
        }                                                                                                              \
        tc_fft_order order;                                                                                            \
        tc_fft_start(&order);                                                                                          \
        for (int32_t i = 0; i < points; ++i) {                                                                         \
            out[i] = folded[order.at];                                                                                 \
            tc_fft_next(p, &order);                                                                                    \
        }                                                                                                              \
        tc_##T##_fft(p, out);                                                                                          \
    }

#define TC_IRFFT_FRAMES(T)                                                                            \
    for (int32_t frame = 0; frame < p->frames; ++frame, in += p->given, out += p->made) {             \
        tc_##T##_frame(p, (const tc_##T##_pair *)in, (tc_##T##_pair *)scratch, (tc_##T##_pair *)out); \
    }

#endif

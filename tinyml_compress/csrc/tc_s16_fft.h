/* Fourier transforms of numbers of 16 bits with 15 behind the point. */
#ifndef TC_S16_FFT_H
#define TC_S16_FFT_H

#include "tc_fft.h"

static TC_INLINE int16_t tc_s16_fft_cut(int32_t x) {
    return (int16_t)((x + (1 << 14)) >> 15);
}
static TC_INLINE int16_t tc_s16_fft_add(int16_t a, int16_t b) {
    return (int16_t)(a + b);
}
static TC_INLINE int16_t tc_s16_fft_sub(int16_t a, int16_t b) {
    return (int16_t)(a - b);
}
static TC_INLINE int16_t tc_s16_fft_negative(int16_t a) {
    return (int16_t)-a;
}
static TC_INLINE int16_t tc_s16_fft_half(int16_t a, int16_t b) {
    return (int16_t)((a + b) >> 1);
}
static TC_INLINE int16_t tc_s16_fft_half_sub(int16_t a, int16_t b) {
    return (int16_t)((a - b) >> 1);
}
static TC_INLINE int16_t tc_s16_fft_mul(int16_t a, int16_t b) {
    return tc_s16_fft_cut(a * b);
}
static TC_INLINE int16_t tc_s16_fft_mul_sub(int16_t a, int16_t b, int16_t c, int16_t d) {
    return tc_s16_fft_cut((int32_t)((uint32_t)(a * b) - (uint32_t)(c * d)));
}
static TC_INLINE int16_t tc_s16_fft_mul_add(int16_t a, int16_t b, int16_t c, int16_t d) {
    return tc_s16_fft_cut((int32_t)((uint32_t)(a * b) + (uint32_t)(c * d)));
}
static TC_INLINE int16_t tc_s16_fft_share(int16_t x, int32_t parts) {
    return tc_s16_fft_cut(x * (32767 / parts));
}

TC_FFT_DEFINE(s16, int16_t)

#endif

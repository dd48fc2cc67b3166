/* Fourier transforms of numbers of 32 bits with 31 behind the point. */
#ifndef TC_S32_FFT_H
#define TC_S32_FFT_H

#include "tc_fft.h"

static TC_INLINE int32_t tc_s32_fft_cut(int64_t x) {
    return (int32_t)((x + (1 << 30)) >> 31);
}
static TC_INLINE int32_t tc_s32_fft_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}
static TC_INLINE int32_t tc_s32_fft_sub(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)b);
}
static TC_INLINE int32_t tc_s32_fft_negative(int32_t a) {
    return (int32_t)(0u - (uint32_t)a);
}
static TC_INLINE int32_t tc_s32_fft_half(int32_t a, int32_t b) {
    return tc_s32_fft_add(a, b) >> 1;
}
static TC_INLINE int32_t tc_s32_fft_half_sub(int32_t a, int32_t b) {
    return tc_s32_fft_sub(a, b) >> 1;
}
static TC_INLINE int32_t tc_s32_fft_mul(int32_t a, int32_t b) {
    return tc_s32_fft_cut((int64_t)a * b);
}
static TC_INLINE int32_t tc_s32_fft_mul_sub(int32_t a, int32_t b, int32_t c, int32_t d) {
    return tc_s32_fft_cut((int64_t)((uint64_t)((int64_t)a * b) - (uint64_t)((int64_t)c * d)));
}
static TC_INLINE int32_t tc_s32_fft_mul_add(int32_t a, int32_t b, int32_t c, int32_t d) {
    return tc_s32_fft_cut((int64_t)((uint64_t)((int64_t)a * b) + (uint64_t)((int64_t)c * d)));
}
static TC_INLINE int32_t tc_s32_fft_share(int32_t x, int32_t parts) {
    return tc_s32_fft_cut((int64_t)x * (2147483647 / parts));
}

TC_FFT_DEFINE(s32, int32_t)

#endif

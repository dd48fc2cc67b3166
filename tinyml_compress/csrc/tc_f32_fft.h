/* Fourier transforms of floats. Products have statements of their own, or a compiler may fuse them with the sum and
 * round once. */
#ifndef TC_F32_FFT_H
#define TC_F32_FFT_H

#include "tc_fft.h"

static TC_INLINE float tc_f32_fft_add(float a, float b) {
    return a + b;
}
static TC_INLINE float tc_f32_fft_sub(float a, float b) {
    return a - b;
}
static TC_INLINE float tc_f32_fft_negative(float a) {
    return -a;
}
static TC_INLINE float tc_f32_fft_half(float a, float b) {
    const float sum = a + b;
    return sum * 0.5f;
}
static TC_INLINE float tc_f32_fft_half_sub(float a, float b) {
    const float difference = a - b;
    return difference * 0.5f;
}
static TC_INLINE float tc_f32_fft_mul(float a, float b) {
    const float product = a * b;
    return product;
}
static TC_INLINE float tc_f32_fft_mul_sub(float a, float b, float c, float d) {
    const float first = a * b;
    const float second = c * d;
    return first - second;
}
static TC_INLINE float tc_f32_fft_mul_add(float a, float b, float c, float d) {
    const float first = a * b;
    const float second = c * d;
    return first + second;
}
static TC_INLINE float tc_f32_fft_share(float x, int32_t parts) {
    (void)parts;
    return x;
}

TC_FFT_DEFINE(f32, float)

#endif

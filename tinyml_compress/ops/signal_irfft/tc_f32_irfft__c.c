/* Frames of float from their spectra, divided by their length. */
#include "tc_f32_fft.h"
#include "tc_irfft.h"

TC_IRFFT_DEFINE(f32, float)

TC_KERNEL void tc_f32_irfft__c(const tc_fft_params *p, const float *in, void *scratch, float *out) {
    float *first = out;
    TC_IRFFT_FRAMES(f32)
    for (int32_t i = 0; i < p->frames * p->made; ++i) {
        first[i] /= (float)p->made;
    }
}

/* Spectra of frames of float. */
#include "tc_f32_fft.h"
#include "tc_rfft.h"

TC_RFFT_DEFINE(f32, float)

TC_KERNEL void tc_f32_rfft__c(const tc_fft_params *p, const float *in, float *out) {
    TC_RFFT_FRAMES(f32)
}

/* Frames of int32_t from their spectra. */
#include "tc_irfft.h"
#include "tc_s32_fft.h"

TC_IRFFT_DEFINE(s32, int32_t)

TC_KERNEL void tc_s32_irfft__c(const tc_fft_params *p, const int32_t *in, void *scratch, int32_t *out) {
    TC_IRFFT_FRAMES(s32)
}

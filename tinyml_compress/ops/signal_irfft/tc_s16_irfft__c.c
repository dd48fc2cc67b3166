/* Frames of int16_t from their spectra. */
#include "tc_irfft.h"
#include "tc_s16_fft.h"

TC_IRFFT_DEFINE(s16, int16_t)

TC_KERNEL void tc_s16_irfft__c(const tc_fft_params *p, const int16_t *in, void *scratch, int16_t *out) {
    TC_IRFFT_FRAMES(s16)
}

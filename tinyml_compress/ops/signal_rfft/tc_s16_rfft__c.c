/* Spectra of frames of int16_t. */
#include "tc_rfft.h"
#include "tc_s16_fft.h"

TC_RFFT_DEFINE(s16, int16_t)

TC_KERNEL void tc_s16_rfft__c(const tc_fft_params *p, const int16_t *in, int16_t *out) {
    TC_RFFT_FRAMES(s16)
}

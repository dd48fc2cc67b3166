/* Spectra of frames of int32_t. */
#include "tc_rfft.h"
#include "tc_s32_fft.h"

TC_RFFT_DEFINE(s32, int32_t)

TC_KERNEL void tc_s32_rfft__c(const tc_fft_params *p, const int32_t *in, int32_t *out) {
    TC_RFFT_FRAMES(s32)
}

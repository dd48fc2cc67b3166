/* Channels less a running estimate of their noise. */
#include "tc_base.h"

TC_KERNEL void tc_u32_spectral_subtraction__c(const tc_spectral_subtraction_params *p, const uint32_t *in,
                                              uint32_t *noise, uint32_t *out, uint32_t *estimate) {
    for (int32_t i = 0; i < p->count; ++i) {
        const uint32_t signal = in[i];
        const uint32_t scaled = signal << p->smoothing_bits;
        const uint64_t fresh = (uint64_t)scaled * (uint32_t)p->smoothing[i & 1];
        const uint64_t held = (uint64_t)noise[i] * (uint32_t)p->one_minus_smoothing[i & 1];
        uint32_t level = (uint32_t)((fresh + held) >> p->bits);
        const uint32_t removed = level > scaled ? scaled : level;
        if (p->clamping) {
            level = removed;
        }
        const uint32_t least = (uint32_t)(((uint64_t)signal * (uint32_t)p->min_signal_remaining) >> p->bits);
        const uint32_t left = (scaled - removed) >> p->smoothing_bits;
        noise[i] = level;
        out[i] = left > least ? left : least;
        estimate[i] = level;
    }
}

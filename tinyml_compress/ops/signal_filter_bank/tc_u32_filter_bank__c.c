/* Energies gathered into channels: what a bin does not give to its own channel it gives to the next. */
#include "tc_base.h"

TC_KERNEL void tc_u32_filter_bank__c(const tc_filter_bank_params *p, const uint32_t *energy, const int16_t *weights,
                                     const int16_t *unweights, const int16_t *first_bin, const int16_t *first_weight,
                                     const int16_t *widths, uint64_t *out) {
    uint64_t carried = 0;
    for (int32_t channel = 0; channel <= p->channels; ++channel) {
        const uint32_t *x = energy + first_bin[channel];
        const int16_t *own = weights + first_weight[channel];
        const int16_t *other = unweights + first_weight[channel];
        uint64_t sum = carried;
        carried = 0;
        for (int32_t i = 0; i < widths[channel]; ++i) {
            sum += (uint64_t)((int64_t)own[i] * x[i]);
            carried += (uint64_t)((int64_t)other[i] * x[i]);
        }
        if (channel > 0) {
            out[channel - 1] = sum; /* the first is only what lies below the lowest channel */
        }
    }
}

/* Squared magnitudes of a spectrum of pairs (real, imaginary). */
#include "tc_base.h"

TC_KERNEL void tc_s16_signal_energy__c(const tc_signal_energy_params *p, const int16_t *in, uint32_t *out) {
    for (int32_t bin = 0; bin < p->bins; ++bin) {
        uint32_t energy = 0;
        if (bin >= p->start && bin < p->end) {
            const int32_t real = in[2 * bin];
            const int32_t imaginary = in[2 * bin + 1];
            energy = (uint32_t)(real * real) + (uint32_t)(imaginary * imaginary);
        }
        out[bin] = energy;
    }
}

/* Natural logarithms, scaled: the leading bit gives the whole part of log2, a bent line the rest. */
#include "tc_bits.h"

static TC_NOINLINE uint32_t tc_scaled_log(const tc_filter_bank_log_params *p, uint32_t x) {
    const int32_t whole = 31 - tc_leading_zeros(x);
    const uint32_t rest = x - ((uint32_t)1 << whole);
    const int32_t fraction = (int32_t)(whole < 16 ? rest << (16 - whole) : rest >> (whole - 16));
    const int32_t segment = fraction >> 9;
    const int32_t low = p->bends[segment];
    const int32_t bend = low + (((p->bends[segment + 1] - low) * (fraction - (segment << 9))) >> 16);
    const uint32_t log2 = ((uint32_t)whole << 16) + (uint32_t)(fraction + bend);
    const uint32_t natural = (uint32_t)(((uint64_t)45426u * log2 + 32768u) >> 16); /* log(2) */
    return ((uint32_t)p->scale * natural + 32768u) >> 16;
}

TC_KERNEL void tc_u32_filter_bank_log__c(const tc_filter_bank_log_params *p, const uint32_t *in, int16_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const uint32_t x = in[i] << p->correction_bits;
        const uint32_t value = x > 1u ? tc_scaled_log(p, x) : 0u;
        out[i] = (int16_t)(value < 32767u ? value : 32767u);
    }
}

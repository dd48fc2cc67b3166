/* Per-channel amplitude normalization. Output may lie over input. */
#include "tc_bits.h"

/* The gain for a noise level: a parabola for each magnitude of the level. */
static TC_INLINE int16_t tc_pcan_gain(uint32_t x, const int16_t *gains) {
    if (x <= 2u) {
        return gains[x];
    }
    const int32_t bits = 32 - tc_leading_zeros(x);
    const int16_t *piece = gains + 4 * bits - 6;
    const int32_t place = (int32_t)((bits < 11 ? x << (11 - bits) : x >> (bits - 11)) & 0x3ffu);
    const int32_t slope = ((piece[2] * place) >> 5) + (int32_t)((uint32_t)piece[1] << 5);
    const int32_t rise = (int32_t)((uint32_t)slope * (uint32_t)place + (1u << 14)) >> 15;
    return (int16_t)(rise + piece[0]);
}

TC_KERNEL void tc_u32_pcan__c(const tc_pcan_params *p, const uint32_t *in, const uint32_t *noise, const int16_t *gains,
                              uint32_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        const uint32_t gain = (uint32_t)(int32_t)tc_pcan_gain(noise[i], gains);
        const uint32_t ratio = (uint32_t)(((uint64_t)in[i] * gain) >> p->shift);
        /* x * x / 4 below 2, x - 1 from there on; from 12 to 6 bits behind the point */
        out[i] = ratio < 8192u ? (ratio * ratio) >> 20 : (ratio >> 6) - 64u;
    }
}

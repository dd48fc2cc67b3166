/* Softmax over the last axis of int16, by interpolation in two tables: of exp from -10 to 0 and of 1 / (1 + x) from 0
 * to 1, both Q0.15 in 512 steps. Output may lie over input. */
#include "tc_reciprocal.h"

static TC_INLINE int32_t tc_softmax_interpolated(const int16_t *table, int32_t x) {
    const int32_t at = tc_clamp(x, -32768, 32767);
    const int16_t *entry = table + 256 + (at >> 7);
    return entry[0] + (((entry[1] - entry[0]) * (at & 0x7f) + 64) >> 7);
}

TC_KERNEL void tc_s16_softmax__c(const tc_s16_softmax *p, const int16_t *in, int16_t *out) {
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        int32_t most = -32768;
        for (int32_t i = 0; i < p->depth; i++) {
            most = in[i] > most ? in[i] : most;
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t scaled = tc_requantize(in[i] - most, p->multiplier, (int)p->shift);
            const int32_t grown = tc_softmax_interpolated(p->exponentials, tc_add(scaled, 32767));
            out[i] = (int16_t)grown;
            sum += grown;
        }
        /* The sum lies in [1, 2) once it starts at bit 30; 17 of its bits lead into the table. */
        const int32_t zeros = tc_leading_zeros((uint32_t)sum);
        TC_KNOWN(zeros > 0 && zeros < 31); /* the largest alone counts nearly 32767 */
        const int32_t lead = (int32_t)((((uint32_t)sum << (zeros - 1)) + ((uint32_t)1 << 13)) >> 14);
        const int32_t scale = tc_softmax_interpolated(p->reciprocals, lead - 98304);
        const int32_t shift = 31 - zeros;
        for (int32_t i = 0; i < p->depth; i++) {
            out[i] = (int16_t)tc_clamp((out[i] * scale + ((int32_t)1 << (shift - 1))) >> shift, 0, 32767);
        }
    }
}

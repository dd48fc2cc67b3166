/* Fully-connected layer with vectors of AArch64: four rows of inputs at a time, or one. */
#include "tc_neon_products.h"

TC_KERNEL void tc_s8_fully_connected_rows__neon(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out,
                                                void *scratch) {
    const int32_t steps = (p->in_c + 7) >> 3;
    const tc_neon_matrix by = {p->weights, p->channels, p->out_c, steps, {p->out_zero, p->act_min, p->act_max}};
    const int32_t most = p->batch * p->in_c - 8 * steps;
    int32_t from = 0;
    for (int32_t left = p->batch; left > 0; left -= 4) {
        const int32_t count = left < 4 ? left : 4;
        const int8_t *rows[4] = {in, in, in, in};
        for (int32_t i = 0; i < count; i++, from += p->in_c) {
            rows[i] = in + from;
            if (from > most) { /* a whole last vector would end behind the inputs */
                int8_t *const spare = (int8_t *)scratch + 8 * steps * i;
                tc_neon_copy(spare, in + from, p->in_c);
                rows[i] = spare;
            }
        }
        for (int32_t i = count; i < 4; i++) {
            rows[i] = rows[0];
        }
        tc_neon_rows(&by, rows, out, count);
        out += count * p->out_c;
    }
}

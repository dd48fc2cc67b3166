/* Fully-connected layer on vectors of RISC-V, sixteen outputs at a time. Of each sixteen outputs and two inputs the
 * weights lie side by side, the first input's first; a channel is {bias, multiplier, shift}. */
#include "tc_rvv.h"

TC_KERNEL void tc_s8_fully_connected_lanes__rvv(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out,
                                                void *scratch) {
    const tc_rvv_end end = {p->out_zero, p->act_min, p->act_max};
    const int32_t pairs = (p->in_c + 1) >> 1;
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c, out += p->out_c) {
        const int8_t *row = in;
        int8_t *const copy = (int8_t *)scratch;
        if (copy != NULL) { /* odd: the last pair's second value has a weight of 0, but has to be there */
            TC_MEMCPY(copy, in, (size_t)p->in_c);
            copy[p->in_c] = 0;
            row = copy;
        }
        tc_rvv_rows(row, 0, 1, p->weights, pairs, p->channels, &end, p->out_c, out);
    }
}

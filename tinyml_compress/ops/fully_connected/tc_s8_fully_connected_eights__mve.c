/* Fully-connected layer on Helium, eight outputs at a time. Of each eight outputs (the last four or fewer: four) and
 * sixteen inputs the rows of weights lie side by side; `channels` is as tc_mve_finish takes it, padded likewise. */
#include "tc_mve_products.h"

TC_KERNEL void tc_s8_fully_connected_eights__mve(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out,
                                                 void *scratch) {
    const int32_t steps = (p->in_c + 15) >> 4;
    const int32x4_t low = vdupq_n_s32(p->act_min);
    const int32x4_t high = vdupq_n_s32(p->act_max);
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {
        const int8_t *row = in;
        if (p->in_c & 15) {
            tc_mve_copy_row((int8_t *)scratch, in, p->in_c);
            row = (const int8_t *)scratch;
        }
        const int8_t *w = p->weights;
        const int32_t *channels = p->channels;
        int32_t left = p->out_c;
        for (; left > 4; left -= 8, w += 128 * steps, channels += 24) {
            const tc_mve_sums sums = tc_mve_eight(row, w, steps);
            vstrbq_s32(out, tc_mve_finish(sums.first, channels, p->out_zero, low, high));
            vstrbq_p_s32(out + 4, tc_mve_finish(sums.second, channels + 12, p->out_zero, low, high),
                         vctp32q((uint32_t)(left - 4)));
            out += left < 8 ? left : 8;
        }
        if (left > 0) {
            const int32x4_t sums = tc_mve_one_by_four(row, w, steps);
            vstrbq_p_s32(out, tc_mve_finish(sums, channels, p->out_zero, low, high), vctp32q((uint32_t)left));
            out += left;
        }
    }
}

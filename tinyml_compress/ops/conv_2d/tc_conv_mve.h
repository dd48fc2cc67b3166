/* Convolutions on Helium: two pixels' windows, as rows of whole vectors, by four output channels. */
#ifndef TC_CONV_MVE_H
#define TC_CONV_MVE_H

#include "tc_mve_products.h"

/* All output channels of two windows; where they are the same one, it is done twice. */
static TC_NOINLINE void tc_conv_mve_pair(const tc_s8_conv *p, int32_t steps, const int8_t *w, const int32_t *channels,
                                         const int8_t *in, const int8_t *second, int8_t *out, int8_t *beside) {
#if TC_MVE_ASM
    /* Where one layer alone comes here, clang builds its numbers in, and then finds too few registers for the loop. */
    __asm__("" : "+r"(p));
#endif
    const int32x4_t low = vdupq_n_s32(p->act_min);
    const int32x4_t high = vdupq_n_s32(p->act_max);
    int32_t left = p->group_out;
    for (; left >= 4; left -= 4, channels += 12, out += 4, beside += 4) {
        const tc_mve_sums sums = tc_mve_two_by_four(in, second, &w, steps);
        const int32x4_t one = tc_mve_finish(sums.first, channels, p->out_zero, low, high);
        const int32x4_t two = tc_mve_finish(sums.second, channels, p->out_zero, low, high);
        vstrbq_s32(out, one);
        vstrbq_s32(beside, two);
    }
    if (left > 0) {
        const tc_mve_sums sums = tc_mve_two_by_four(in, second, &w, steps);
        const int32x4_t one = tc_mve_finish(sums.first, channels, p->out_zero, low, high);
        const int32x4_t two = tc_mve_finish(sums.second, channels, p->out_zero, low, high);
        const mve_pred16_t lanes = vctp32q((uint32_t)left);
        vstrbq_p_s32(out, one, lanes);
        vstrbq_p_s32(beside, two, lanes);
    }
}

#endif

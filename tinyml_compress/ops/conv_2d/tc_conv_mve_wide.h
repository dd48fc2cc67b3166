/* Convolutions of int16 on Helium: two pixels' windows, as rows of whole vectors, by four output channels. */
#ifndef TC_CONV_MVE_WIDE_H
#define TC_CONV_MVE_WIDE_H

#include "tc_mve_wide_products.h"

/* All output channels of two windows; where they are the same one, it is done twice. */
static TC_NOINLINE void tc_conv_mve_wide_pair(const tc_s8_conv *p, int32_t steps, const int8_t *w,
                                              const int32_t *channels, const int8_t *in, const int8_t *second,
                                              int16_t *out, int16_t *beside) {
    const int32x4_t low = vdupq_n_s32(p->act_min);
    const int32x4_t high = vdupq_n_s32(p->act_max);
    for (int32_t left = p->group_out; left > 0; left -= 4, channels += 12, out += 4, beside += 4) {
        const mve_pred16_t on = vctp32q((uint32_t)left);
        const tc_mve_sums sums = tc_mve_wide_two_by_four((const int16_t *)(const void *)in,
                                                         (const int16_t *)(const void *)second, &w, steps);
        const int32x4_t one = tc_mve_wide_finish(sums.first, channels, low, high);
        vstrhq_p_s32(beside, tc_mve_wide_finish(sums.second, channels, low, high), on);
        vstrhq_p_s32(out, one, on);
    }
}

#endif

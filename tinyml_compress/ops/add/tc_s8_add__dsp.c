/* Sum of two int8 tensors of one shape. */
#include "tc_add_fast.h"

static TC_INLINE int8_t tc_add_fast(const tc_add_fast_params *p, int32_t wide, int32_t fine) {
    const int32_t centred = fine - p->fine_zero_point;
    const int32_t rounding = p->fine_half + (centred >> 31);
    const int32_t shifted = (int32_t)((uint32_t)centred << p->fine_left);
    const int32_t scaled = tc_smmlar(shifted, p->fine_multiplier, rounding) >> p->fine_shift;
    return tc_fast_finish(scaled + (int32_t)((uint32_t)(wide - p->wide_zero_point) << 19), p->finish);
}

TC_KERNEL void tc_s8_add__dsp(const tc_add_fast_params *p, const int8_t *wide, const int8_t *fine, int8_t *out) {
    const tc_add_fast_params local = *p; /* in registers: the output could alias the parameters */
    int32_t i = 0;
    for (; i + 1 < local.count; i += 2) {
        out[i] = tc_add_fast(&local, wide[i], fine[i]);
        out[i + 1] = tc_add_fast(&local, wide[i + 1], fine[i + 1]);
    }
    if (i < local.count) {
        out[i] = tc_add_fast(&local, wide[i], fine[i]);
    }
}

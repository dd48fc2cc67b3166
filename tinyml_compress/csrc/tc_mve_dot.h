/* Helium: a row of values by a row of weights, of any length. */
#ifndef TC_MVE_DOT_H
#define TC_MVE_DOT_H

#include "tc_mve_wide.h"

/* Sums of 32 bits wrap. */
static TC_INLINE int32_t tc_mve_dot(const int8_t *x, const int8_t *w, int32_t count, int32_t sum) {
    for (; count > 0; count -= 16, x += 16, w += 16) {
        const mve_pred16_t on = vctp8q((uint32_t)count);
        sum = vmladavaq_p_s8(sum, vldrbq_z_s8(x, on), vldrbq_z_s8(w, on), on);
    }
    return sum;
}

static TC_INLINE int64_t tc_mve_wide_dot(const int16_t *x, const int8_t *w, int32_t count) {
    int64_t sum = 0;
    for (; count > 0; count -= 8, x += 8, w += 8) {
        const mve_pred16_t on = vctp16q((uint32_t)count);
        sum = vmlaldavaq_p_s16(sum, vldrhq_z_s16(x, on), vldrbq_z_s16(w, on), on);
    }
    return sum;
}

#endif

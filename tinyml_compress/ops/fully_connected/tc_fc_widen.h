/* Rows of int8 values widened for SMLAD. */
#ifndef TC_FC_WIDEN_H
#define TC_FC_WIDEN_H

#include "tc_dsp.h"

/* Pairs of 16 bits: of each four values 0 and 2, then 1 and 3; the last four are padded with zeros. Returns what lies
 * behind the row. */
static TC_INLINE const int8_t *tc_fc_widen(uint32_t *to, const int8_t *in, int32_t count) {
    for (int32_t left = count; left > 0; left -= 4, to += 2) {
        uint32_t word = 0;
        if (left >= 4) {
            word = tc_load32(in);
            in += 4;
        } else {
            for (int32_t i = 0; i < left; i++) {
                word |= (uint32_t)(uint8_t)*in++ << (8 * i);
            }
        }
        to[0] = tc_sxtb16(word);
        to[1] = tc_sxtb16_odd(word);
    }
    return in;
}

#endif

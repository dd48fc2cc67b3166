/* Helium: bytes that change places, and the rows of a walk. */
#ifndef TC_MVE_MOVE_H
#define TC_MVE_MOVE_H

#include "tc_mve.h"
#include "tc_walk.h"

static TC_INLINE void tc_mve_move(uint8_t *to, const uint8_t *from, int32_t count) {
    for (; count > 0; count -= 16, to += 16, from += 16) {
        const mve_pred16_t on = vctp8q((uint32_t)count);
        vstrbq_p_u8(to, vldrbq_z_u8(from, on), on);
    }
}

#endif

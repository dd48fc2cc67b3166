/* Replaces each byte by its entry in a table: a gathering load of sixteen. */
#include "tc_mve.h"

TC_KERNEL void tc_x8_lookup__mve(const tc_lookup_params *p, const void *in, void *out) {
    const uint8_t *from = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    for (int32_t left = p->count; left > 0; left -= 16, from += 16, to += 16) {
        const mve_pred16_t on = vctp8q((uint32_t)left);
        vstrbq_p_u8(to, vldrbq_gather_offset_z_u8(p->table, vldrbq_z_u8(from, on), on), on);
    }
}

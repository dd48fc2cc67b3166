/* Copies a block of bytes that does not lie over where it goes. */
#include "tc_mve_move.h"

TC_KERNEL void tc_x8_copy__mve(const tc_copy_params *p, const void *in, void *out) {
    tc_mve_move((uint8_t *)out, (const uint8_t *)in, p->count);
}

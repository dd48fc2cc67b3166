/* One quantized tensor brought to another scale, zero point or type, with bounds. */
#ifndef TC_RESCALE_H
#define TC_RESCALE_H

#include "tc_requant.h"

static TC_INLINE int32_t tc_rescale(const tc_rescale_params *p, int32_t x) {
    /* Both offsets wrap, as on the device: an int32 can lie next to the end of its range. */
    const int32_t centred = (int32_t)((uint32_t)x - (uint32_t)p->in_zero_point);
    const int32_t scaled = tc_requantize(centred, p->multiplier, p->shift);
    return tc_clamp((int32_t)((uint32_t)scaled + (uint32_t)p->zero_point), p->low, p->high);
}

#endif

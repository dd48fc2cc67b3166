/* Parameters that all int8 convolutions share, and the end of every int8 product. */
#ifndef TC_CONV_H
#define TC_CONV_H

#include "tc_requant.h"

/* An accumulator becomes an output; `channel` is {bias, multiplier, shift}. */
static TC_INLINE int8_t tc_s8_finish(int32_t acc, const int32_t *channel, int32_t zero, int32_t low, int32_t high) {
    const int32_t scaled = tc_requantize(tc_add(acc, channel[0]), channel[1], (int)channel[2]);
    return (int8_t)tc_clamp(tc_add(scaled, zero), low, high);
}

#endif

/* The end of products of int16 by int8. */
#ifndef TC_CONV_WIDE_H
#define TC_CONV_WIDE_H

#include "tc_conv.h"

/* `channel` is {low and high half of the bias, multiplier of 16 bits << 8 | shift}; ties go toward +infinity. */
static TC_INLINE int16_t tc_s16_finish(int64_t acc, const int32_t *channel, int32_t low, int32_t high) {
    const int32_t multiplier = channel[2] >> 8;
    const int32_t shift = channel[2] & 0xff;
    const int64_t biased = acc + (int64_t)((uint64_t)(uint32_t)channel[1] << 32 | (uint32_t)channel[0]);
    const int64_t scaled = (biased * multiplier + ((int64_t)1 << (shift - 1))) >> shift;
    return (int16_t)tc_clamp((int32_t)scaled, low, high);
}

/* With an int32 bias the accumulator is cut to 32 bits, and `channel` is {bias, multiplier, shift} as for int8. */
static TC_INLINE int16_t tc_s16_finish_narrow(int64_t acc, const int32_t *channel, int32_t low, int32_t high) {
    const int32_t biased = tc_add((int32_t)acc, channel[0]);
    return (int16_t)tc_clamp(tc_requantize(biased, channel[1], (int)channel[2]), low, high);
}

/* One of both; `narrow` is a constant where it is called. */
static TC_INLINE int16_t tc_s16_end(int64_t acc, const int32_t *channel, int32_t low, int32_t high, int narrow) {
    return narrow ? tc_s16_finish_narrow(acc, channel, low, high) : tc_s16_finish(acc, channel, low, high);
}

#endif

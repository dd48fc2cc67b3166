/* Float to stored values. */
#ifndef TC_QUANTIZE_H
#define TC_QUANTIZE_H

#include "tc_base.h"

/* round(x / scale) + zero_point, ties away from zero, within [low, high]; NaN becomes the zero point. */
static TC_INLINE int32_t tc_quantize(const tc_quantize_params *p, float x, int32_t low, int32_t high) {
    const float value = x / p->scale;
    if (value >= 65536.0f) {
        return high;
    }
    if (value <= -65536.0f) {
        return low;
    }
    if (value != value) {
        return p->zero_point;
    }
    const int32_t whole = (int32_t)value;
    const float rest = value - (float)whole;
    const int32_t stored = whole + (rest >= 0.5f ? 1 : (rest <= -0.5f ? -1 : 0)) + p->zero_point;
    return stored < low ? low : (stored > high ? high : stored);
}

#endif

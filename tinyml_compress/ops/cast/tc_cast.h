/* Element types converted into one another. */
#ifndef TC_CAST_H
#define TC_CAST_H

#include "tc_base.h"

enum { TC_CAST_S8, TC_CAST_S16, TC_CAST_S32, TC_CAST_BOOL, TC_CAST_F32, TC_CAST_U32 };

static TC_INLINE int32_t tc_cast_load(const void *in, int32_t i, int32_t type) {
    return type == TC_CAST_S8    ? ((const int8_t *)in)[i]
           : type == TC_CAST_S16 ? ((const int16_t *)in)[i]
           : type == TC_CAST_S32 ? ((const int32_t *)in)[i]
           : type == TC_CAST_U32 ? (int32_t)((const uint32_t *)in)[i]
                                 : ((const uint8_t *)in)[i];
}

static TC_INLINE void tc_cast_store(void *out, int32_t i, int32_t type, int32_t x) {
    if (type == TC_CAST_S8) {
        ((int8_t *)out)[i] = (int8_t)x;
    } else if (type == TC_CAST_S16) {
        ((int16_t *)out)[i] = (int16_t)x;
    } else if (type == TC_CAST_S32 || type == TC_CAST_U32) {
        ((int32_t *)out)[i] = x;
    } else {
        ((uint8_t *)out)[i] = (uint8_t)(x != 0);
    }
}

/* Toward zero, saturated to the type; not a number is 0. */
static TC_INLINE int32_t tc_cast_float(float x, int32_t type) {
    const int32_t high = type == TC_CAST_S8 ? INT8_MAX : (type == TC_CAST_S16 ? INT16_MAX : INT32_MAX);
    if (x != x) {
        return 0;
    }
    if (type == TC_CAST_U32) {
        return (int32_t)(x >= 4294967296.0f ? 0xffffffffu : (x < 0.0f ? 0u : (uint32_t)x));
    }
    if (x >= (float)high) { /* the largest int32 becomes 2^31 in float, which saturates too */
        return high;
    }
    return x <= -(float)high - 1.0f ? -high - 1 : (int32_t)x;
}

#endif

/* Helium: products of int16 by int8, with sums of 64 bits. */
#ifndef TC_MVE_WIDE_H
#define TC_MVE_WIDE_H

#include "tc_mve.h"
#include "tc_mve_lanes.h"

#if !defined(__ARM_FEATURE_MVE)
static TC_INLINE int16x8_t vldrbq_s16(const int8_t *from) {
    int16x8_t result;
    for (int i = 0; i < 8; i++) {
        result.lane[i] = from[i];
    }
    return result;
}

#define TC_DOT(name, SUM, VECTOR, count, expression)                          \
    static TC_INLINE SUM name(SUM sum, VECTOR a, VECTOR b, mve_pred16_t on) { \
        for (int i = 0; i < (count); i++) {                                   \
            if (TC_IS_ON(on, i, count)) {                                     \
                const int32_t product = a.lane[i] * b.lane[i];                \
                sum = expression;                                             \
            }                                                                 \
        }                                                                     \
        return sum;                                                           \
    }
TC_DOT(vmladavaq_p_s8, int32_t, int8x16_t, 16, tc_add(sum, product))
TC_DOT(vmladavaq_p_s16, int32_t, int16x8_t, 8, tc_add(sum, product))
TC_DOT(vmlaldavaq_p_s16, int64_t, int16x8_t, 8, sum + product)
#define vmladavaq_s16(sum, a, b) vmladavaq_p_s16(sum, a, b, (mve_pred16_t)0xffff)
#define vmlaldavaq_s16(sum, a, b) vmlaldavaq_p_s16(sum, a, b, (mve_pred16_t)0xffff)
#define vldrhq_s16(from) vldrhq_z_s16(from, (mve_pred16_t)0xffff)

/* Products of the even lanes, or of the odd ones, twice as wide. */
#define TC_HALF_PRODUCTS(name, first)                                           \
    static TC_INLINE int32x4_t name(int16x8_t a, int16x8_t b) {                 \
        int32x4_t result;                                                       \
        for (int i = 0; i < 4; i++) {                                           \
            result.lane[i] = a.lane[2 * i + (first)] * b.lane[2 * i + (first)]; \
        }                                                                       \
        return result;                                                          \
    }
TC_HALF_PRODUCTS(vmullbq_int_s16, 0)
TC_HALF_PRODUCTS(vmulltq_int_s16, 1)

/* The doubled high word, cut. */
static TC_INLINE int32x4_t vqdmulhq_s32(int32x4_t x, int32x4_t y) {
    for (int i = 0; i < 4; i++) {
        x.lane[i] = (int32_t)((int64_t)x.lane[i] * y.lane[i] >> 31);
    }
    return x;
}
#endif

#endif

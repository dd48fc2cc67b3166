/* Helium: what its kernels share. Without Helium the intrinsics are given in C, so that kernels run on a host as well.
 */
#ifndef TC_MVE_H
#define TC_MVE_H

#include "tc_requant.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#else
typedef struct {
    int32_t lane[4];
} int32x4_t;

#define TC_LANES(name, expression)                              \
    static TC_INLINE int32x4_t name(int32x4_t a, int32x4_t b) { \
        int32x4_t result;                                       \
        for (int i = 0; i < 4; i++) {                           \
            const int32_t x = a.lane[i];                        \
            const int32_t y = b.lane[i];                        \
            result.lane[i] = expression;                        \
        }                                                       \
        return result;                                          \
    }

/* By the lowest byte of y: to the left, or to the right where it is negative. */
static TC_INLINE int32_t tc_lane_shift(int32_t x, int32_t y, int rounds) {
    const int by = (int8_t)y;
    if (by >= 0) {
        return by > 31 ? 0 : (int32_t)((uint32_t)x << by);
    }
    const int right = by < -33 ? 33 : -by;
    const int64_t half = rounds ? (int64_t)1 << (right - 1) : 0;
    return (int32_t)(((int64_t)x + half) >> right);
}

static TC_INLINE int32_t tc_lane_sum(int32_t x, int32_t y) {
    const int64_t sum = (int64_t)x + y;
    return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : (int32_t)sum;
}

TC_LANES(vshlq_s32, tc_lane_shift(x, y, 0))
TC_LANES(vrshlq_s32, tc_lane_shift(x, y, 1))
TC_LANES(vqaddq_s32, tc_lane_sum(x, y))
TC_LANES(vandq_s32, (int32_t)((uint32_t)x & (uint32_t)y))
TC_LANES(vqrdmulhq_s32, tc_high_mul(x, y))

static TC_INLINE int32x4_t vdupq_n_s32(int32_t x) {
    const int32x4_t result = {{x, x, x, x}};
    return result;
}

static TC_INLINE int32x4_t vldrwq_s32(const int32_t *from) {
    const int32x4_t result = {{from[0], from[1], from[2], from[3]}};
    return result;
}

static TC_INLINE void vstrwq_s32(int32_t *to, int32x4_t x) {
    for (int i = 0; i < 4; i++) {
        to[i] = x.lane[i];
    }
}

#define vshlq_r_s32(x, by) vshlq_s32(x, vdupq_n_s32(by))
#define vrshlq_n_s32(x, by) vrshlq_s32(x, vdupq_n_s32(by))
#define vqrdmulhq_n_s32(x, by) vqrdmulhq_s32(x, vdupq_n_s32(by))
#define vshrq_n_s32(x, by) vshlq_s32(x, vdupq_n_s32(-(by)))
#endif

/* tc_requantize of four lanes with one multiplier. VQRDMULH is tc_high_mul. VRSHL takes ties toward +infinity: one
 * less, where a negative number is shifted at all, takes its ties away from zero, and is no tie elsewhere. It saturates
 * at INT32_MIN, which is none. */
static TC_INLINE int32x4_t tc_requantize_lanes(int32x4_t x, int32_t multiplier, int shift) {
    const int32x4_t product = vqrdmulhq_n_s32(shift > 0 ? vshlq_r_s32(x, shift) : x, multiplier);
    if (shift >= 0) {
        return product;
    }
    return vrshlq_n_s32(vqaddq_s32(product, vshrq_n_s32(product, 31)), shift);
}

/* The same with a multiplier and shifts of each lane: `left` is not negative, `right` not positive. */
static TC_INLINE int32x4_t tc_requantize_channels(int32x4_t x, int32x4_t multiplier, int32x4_t left, int32x4_t right) {
    const int32x4_t product = vqrdmulhq_s32(vshlq_s32(x, left), multiplier);
    return vrshlq_s32(vqaddq_s32(product, vshrq_n_s32(vandq_s32(product, right), 31)), right);
}

#endif

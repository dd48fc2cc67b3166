/* Intrinsics of Helium in C, for hosts and for compilers without it: each gives the bits of the instruction. */
#ifndef TC_MVE_HOST_H
#define TC_MVE_HOST_H

#include "tc_requant.h"

#if !defined(__ARM_FEATURE_MVE)
typedef uint16_t mve_pred16_t;

typedef struct {
    int8_t lane[16];
} int8x16_t;

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
TC_LANES(veorq_s32, (int32_t)((uint32_t)x ^ (uint32_t)y))
TC_LANES(vqrdmulhq_s32, tc_high_mul(x, y))

TC_LANES(vaddq_s32, tc_add(x, y))
TC_LANES(vmaxq_s32, x > y ? x : y)
TC_LANES(vminq_s32, x < y ? x : y)

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
#define vaddq_n_s32(x, by) vaddq_s32(x, vdupq_n_s32(by))

/* The first `count` lanes: a bit per byte of the vector. */
static TC_INLINE mve_pred16_t vctp32q(uint32_t count) {
    return (mve_pred16_t)(count > 3 ? 0xffffu : (1u << (4 * count)) - 1u);
}

static TC_INLINE mve_pred16_t vctp8q(uint32_t count) {
    return (mve_pred16_t)(count > 15 ? 0xffffu : (1u << count) - 1u);
}

static TC_INLINE int8x16_t vdupq_n_s8(int8_t x) {
    int8x16_t result;
    for (int i = 0; i < 16; i++) {
        result.lane[i] = x;
    }
    return result;
}

static TC_INLINE int8x16_t vldrbq_z_s8(const int8_t *from, mve_pred16_t lanes) {
    int8x16_t result;
    for (int i = 0; i < 16; i++) {
        result.lane[i] = lanes >> i & 1 ? from[i] : (int8_t)0;
    }
    return result;
}

#define vldrbq_s8(from) vldrbq_z_s8(from, (mve_pred16_t)0xffff)

static TC_INLINE void vstrbq_p_s8(int8_t *to, int8x16_t x, mve_pred16_t lanes) {
    for (int i = 0; i < 16; i++) {
        if (lanes >> i & 1) {
            to[i] = x.lane[i];
        }
    }
}

#define vstrbq_s8(to, x) vstrbq_p_s8(to, x, (mve_pred16_t)0xffff)

static TC_INLINE void vstrbq_p_s32(int8_t *to, int32x4_t x, mve_pred16_t lanes) {
    for (int i = 0; i < 4; i++) {
        if (lanes >> (4 * i) & 1) {
            to[i] = (int8_t)(uint8_t)((uint32_t)x.lane[i] & 0xffu);
        }
    }
}

#define vstrbq_s32(to, x) vstrbq_p_s32(to, x, (mve_pred16_t)0xffff)

static TC_INLINE int32_t vmladavaq_s8(int32_t sum, int8x16_t a, int8x16_t b) {
    for (int i = 0; i < 16; i++) {
        sum = tc_add(sum, a.lane[i] * b.lane[i]);
    }
    return sum;
}
#endif

#endif

/* Intrinsics of Helium in C, as tc_mve_host.h has them: lanes of bytes and halves, and loads and stores of lanes that
 * lie apart. */
#ifndef TC_MVE_LANES_H
#define TC_MVE_LANES_H

#include "tc_mve_host.h"

#if !defined(__ARM_FEATURE_MVE)
typedef struct {
    uint8_t lane[16];
} uint8x16_t;

typedef struct {
    int16_t lane[8];
} int16x8_t;

typedef struct {
    uint16_t lane[8];
} uint16x8_t;

typedef struct {
    uint32_t lane[4];
} uint32x4_t;

/* The same bits as lanes of another type. */
#define TC_REINTERPRET(name, TO, FROM)         \
    static TC_INLINE TO name(FROM x) {         \
        TO result;                             \
        TC_MEMCPY(&result, &x, sizeof result); \
        return result;                         \
    }
TC_REINTERPRET(vreinterpretq_s16_s32, int16x8_t, int32x4_t)
TC_REINTERPRET(vreinterpretq_s8_s16, int8x16_t, int16x8_t)
TC_REINTERPRET(vreinterpretq_s32_s8, int32x4_t, int8x16_t)
TC_REINTERPRET(vreinterpretq_u32_s32, uint32x4_t, int32x4_t)
TC_REINTERPRET(vreinterpretq_s32_u32, int32x4_t, uint32x4_t)

/* All lanes alike, and lane by lane. */
#define TC_ALIKE(name, VECTOR, LANE, count) \
    static TC_INLINE VECTOR name(LANE x) {  \
        VECTOR result;                      \
        for (int i = 0; i < (count); i++) { \
            result.lane[i] = x;             \
        }                                   \
        return result;                      \
    }
TC_ALIKE(vdupq_n_s16, int16x8_t, int16_t, 8)
TC_ALIKE(vdupq_n_u8, uint8x16_t, uint8_t, 16)
TC_ALIKE(vdupq_n_u16, uint16x8_t, uint16_t, 8)
TC_ALIKE(vdupq_n_u32, uint32x4_t, uint32_t, 4)

#define TC_EACH(name, VECTOR, LANE, count, expression) \
    static TC_INLINE VECTOR name(VECTOR a, VECTOR b) { \
        for (int i = 0; i < (count); i++) {            \
            const LANE x = a.lane[i];                  \
            const LANE y = b.lane[i];                  \
            a.lane[i] = (LANE)(expression);            \
        }                                              \
        return a;                                      \
    }
TC_EACH(vmaxq_s8, int8x16_t, int8_t, 16, x > y ? x : y)
TC_EACH(vminq_s8, int8x16_t, int8_t, 16, x < y ? x : y)
TC_EACH(vmaxq_s16, int16x8_t, int16_t, 8, x > y ? x : y)
TC_EACH(vminq_s16, int16x8_t, int16_t, 8, x < y ? x : y)
TC_EACH(vaddq_s16, int16x8_t, int16_t, 8, (uint16_t)((uint32_t)x + (uint32_t)y))
TC_EACH(vsubq_s16, int16x8_t, int16_t, 8, (uint16_t)((uint32_t)x - (uint32_t)y))
TC_EACH(vmulq_s16, int16x8_t, int16_t, 8, (uint16_t)((uint32_t)x * (uint32_t)y))
TC_EACH(vqaddq_s16, int16x8_t, int16_t, 8, tc_clamp(x + y, INT16_MIN, INT16_MAX))
TC_EACH(vsubq_s32, int32x4_t, int32_t, 4, (uint32_t)x - (uint32_t)y)
TC_EACH(vmulq_s32, int32x4_t, int32_t, 4, (uint32_t)x *(uint32_t)y)
TC_EACH(vmulhq_u32, uint32x4_t, uint32_t, 4, (uint64_t)x *y >> 32)

#define TC_ONE(name, VECTOR, LANE, count, expression) \
    static TC_INLINE VECTOR name(VECTOR a) {          \
        for (int i = 0; i < (count); i++) {           \
            const LANE x = a.lane[i];                 \
            a.lane[i] = (LANE)(expression);           \
        }                                             \
        return a;                                     \
    }
TC_ONE(vabsq_s32, int32x4_t, int32_t, 4, x < 0 ? 0u - (uint32_t)x : (uint32_t)x)
TC_ONE(vabsq_s16, int16x8_t, int16_t, 8, (uint16_t)(x < 0 ? -x : x))
#define vshlq_n_s32(x, by) vshlq_s32(x, vdupq_n_s32(by))
#define vmulq_n_s16(x, by) vmulq_s16(x, vdupq_n_s16(by))
#define vmlaq_n_s16(sum, x, by) vaddq_s16(sum, vmulq_n_s16(x, by))

/* Shifted to the right, cut or rounded with ties toward +infinity. */
static TC_INLINE int16x8_t vshrq_n_s16(int16x8_t x, int by) {
    for (int i = 0; i < 8; i++) {
        x.lane[i] = (int16_t)(x.lane[i] >> by);
    }
    return x;
}

static TC_INLINE int16x8_t vrshrq_n_s16(int16x8_t x, int by) {
    for (int i = 0; i < 8; i++) {
        x.lane[i] = (int16_t)((x.lane[i] + (1 << (by - 1))) >> by);
    }
    return x;
}

/* A bit of the predicate per byte: the first of lane `i`. */
#define TC_IS_ON(lanes, i, count) ((lanes) >> (i) * (16 / (count)) & 1)

/* A load of lanes at these offsets; those that are off are 0. */
#define TC_GATHER(name, VECTOR, MEMORY, OFFSETS, count)                             \
    static TC_INLINE VECTOR name(const MEMORY *from, OFFSETS at, mve_pred16_t on) { \
        VECTOR result;                                                              \
        for (int i = 0; i < (count); i++) {                                         \
            result.lane[i] = 0;                                                     \
            if (TC_IS_ON(on, i, count)) {                                           \
                result.lane[i] = from[at.lane[i]];                                  \
            }                                                                       \
        }                                                                           \
        return result;                                                              \
    }
TC_GATHER(vldrbq_gather_offset_z_s8, int8x16_t, int8_t, uint8x16_t, 16)
TC_GATHER(vldrbq_gather_offset_z_u8, uint8x16_t, uint8_t, uint8x16_t, 16)
TC_GATHER(vldrbq_gather_offset_z_u16, uint16x8_t, uint8_t, uint16x8_t, 8)
TC_GATHER(vldrhq_gather_shifted_offset_z_u16, uint16x8_t, uint16_t, uint16x8_t, 8)
TC_GATHER(vldrhq_gather_shifted_offset_z_u32, uint32x4_t, uint16_t, uint32x4_t, 4)
TC_GATHER(vldrwq_gather_shifted_offset_z_u32, uint32x4_t, uint32_t, uint32x4_t, 4)
TC_GATHER(vldrwq_gather_shifted_offset_z_s32, int32x4_t, int32_t, uint32x4_t, 4)
#define vldrbq_gather_offset_s8(from, at) vldrbq_gather_offset_z_s8(from, at, (mve_pred16_t)0xffff)

/* Loads and stores of lanes of which memory holds the lowest bits; those that are off are 0, and stay. */
#define TC_LOAD(name, VECTOR, MEMORY, count)                            \
    static TC_INLINE VECTOR name(const MEMORY *from, mve_pred16_t on) { \
        VECTOR result;                                                  \
        for (int i = 0; i < (count); i++) {                             \
            result.lane[i] = 0;                                         \
            if (TC_IS_ON(on, i, count)) {                               \
                result.lane[i] = from[i];                               \
            }                                                           \
        }                                                               \
        return result;                                                  \
    }
TC_LOAD(vldrbq_z_u8, uint8x16_t, uint8_t, 16)
TC_LOAD(vldrbq_z_s16, int16x8_t, int8_t, 8)
TC_LOAD(vldrbq_z_s32, int32x4_t, int8_t, 4)
TC_LOAD(vldrhq_z_s16, int16x8_t, int16_t, 8)
TC_LOAD(vldrhq_z_s32, int32x4_t, int16_t, 4)
TC_LOAD(vldrwq_z_s32, int32x4_t, int32_t, 4)
TC_LOAD(vldrwq_z_u32, uint32x4_t, uint32_t, 4)
#define vldrbq_u8(from) vldrbq_z_u8(from, (mve_pred16_t)0xffff)
#define vldrwq_u32(from) vldrwq_z_u32(from, (mve_pred16_t)0xffff)

#define TC_STORE(name, VECTOR, MEMORY, UNSIGNED, count)                           \
    static TC_INLINE void name(MEMORY *to, VECTOR x, mve_pred16_t on) {           \
        for (int i = 0; i < (count); i++) {                                       \
            if (TC_IS_ON(on, i, count)) {                                         \
                to[i] = (MEMORY)(UNSIGNED)((uint32_t)x.lane[i] & (UNSIGNED) - 1); \
            }                                                                     \
        }                                                                         \
    }
TC_STORE(vstrbq_p_u8, uint8x16_t, uint8_t, uint8_t, 16)
TC_STORE(vstrbq_p_u16, uint16x8_t, uint8_t, uint8_t, 8)
TC_STORE(vstrbq_p_s16, int16x8_t, int8_t, uint8_t, 8)
TC_STORE(vstrhq_p_s16, int16x8_t, int16_t, uint16_t, 8)
TC_STORE(vstrhq_p_s32, int32x4_t, int16_t, uint16_t, 4)
TC_STORE(vstrwq_p_s32, int32x4_t, int32_t, uint32_t, 4)
TC_STORE(vstrhq_p_u16, uint16x8_t, uint16_t, uint16_t, 8)
TC_STORE(vstrwq_p_u32, uint32x4_t, uint32_t, uint32_t, 4)

#define TC_SCATTER(name, VECTOR, MEMORY, count)                                    \
    static TC_INLINE void name(MEMORY *to, VECTOR at, VECTOR x, mve_pred16_t on) { \
        for (int i = 0; i < (count); i++) {                                        \
            if (TC_IS_ON(on, i, count)) {                                          \
                to[at.lane[i]] = (MEMORY)(x.lane[i] & (MEMORY) - 1);               \
            }                                                                      \
        }                                                                          \
    }
TC_SCATTER(vstrbq_scatter_offset_p_u16, uint16x8_t, uint8_t, 8)
TC_SCATTER(vstrhq_scatter_shifted_offset_p_u16, uint16x8_t, uint16_t, 8)
TC_SCATTER(vstrwq_scatter_shifted_offset_p_u32, uint32x4_t, uint32_t, 4)

static TC_INLINE void vstrbq_scatter_offset_s32(int8_t *to, uint32x4_t at, int32x4_t x) {
    for (int i = 0; i < 4; i++) {
        to[at.lane[i]] = (int8_t)(uint8_t)((uint32_t)x.lane[i] & 0xffu);
    }
}

static TC_INLINE mve_pred16_t vctp16q(uint32_t count) {
    return (mve_pred16_t)(count > 7 ? 0xffffu : (1u << (2 * count)) - 1u);
}

#define TC_NUMBERED(name, times, VECTOR, LANE, count)              \
    static TC_INLINE VECTOR name(uint32_t first, int step) {       \
        VECTOR result;                                             \
        for (int i = 0; i < (count); i++) {                        \
            result.lane[i] = (LANE)(first + (uint32_t)(i * step)); \
        }                                                          \
        return result;                                             \
    }                                                              \
    static TC_INLINE VECTOR times(VECTOR x, LANE y) {              \
        for (int i = 0; i < (count); i++) {                        \
            x.lane[i] = (LANE)((uint32_t)x.lane[i] * y);           \
        }                                                          \
        return x;                                                  \
    }
TC_NUMBERED(vidupq_n_u16, vmulq_n_u16, uint16x8_t, uint16_t, 8)
TC_NUMBERED(vidupq_n_u32, vmulq_n_u32, uint32x4_t, uint32_t, 4)

#define vrshrq_n_s32(x, by) vrshlq_s32(x, vdupq_n_s32(-(by)))
#define vaddvaq_s32(sum, x) vaddvaq_p_s32(sum, x, (mve_pred16_t)0xffff)
#define vmulq_n_s32(x, by) vmulq_s32(x, vdupq_n_s32(by))
#define vmlaq_n_s32(sum, x, by) vaddq_s32(sum, vmulq_n_s32(x, by))
#define vmladavq_s8(a, b) vmladavaq_s8(0, a, b)

/* tc_high_mul of x and y, and z. */
static TC_INLINE int32x4_t vqrdmlashq_n_s32(int32x4_t x, int32x4_t y, int32_t z) {
    for (int i = 0; i < 4; i++) {
        x.lane[i] = tc_lane_sum((int32_t)(((int64_t)x.lane[i] * y.lane[i] + ((int64_t)1 << 30)) >> 31), z);
    }
    return x;
}

/* Into the lower half of each pair of `under`, saturated. */
static TC_INLINE int16x8_t vqmovnbq_s32(int16x8_t under, int32x4_t x) {
    for (int i = 0; i < 4; i++) {
        under.lane[2 * i] = (int16_t)tc_clamp(x.lane[i], INT16_MIN, INT16_MAX);
    }
    return under;
}

static TC_INLINE int8x16_t vqmovnbq_s16(int8x16_t under, int16x8_t x) {
    for (int i = 0; i < 8; i++) {
        under.lane[2 * i] = (int8_t)tc_clamp(x.lane[i], INT8_MIN, INT8_MAX);
    }
    return under;
}

/* Into the upper half of each pair of `under`. */
static TC_INLINE int16x8_t vmovntq_s32(int16x8_t under, int32x4_t x) {
    for (int i = 0; i < 4; i++) {
        under.lane[2 * i + 1] = (int16_t)(uint16_t)((uint32_t)x.lane[i] & 0xffffu);
    }
    return under;
}

/* The even lanes, or the odd ones, twice as wide. */
#define TC_WIDENED(name, TO, FROM, count, first)      \
    static TC_INLINE TO name(FROM x) {                \
        TO result;                                    \
        for (int i = 0; i < (count); i++) {           \
            result.lane[i] = x.lane[2 * i + (first)]; \
        }                                             \
        return result;                                \
    }
TC_WIDENED(vmovlbq_s16, int32x4_t, int16x8_t, 4, 0)
TC_WIDENED(vmovltq_s16, int32x4_t, int16x8_t, 4, 1)

#define TC_COMPARE(name, VECTOR, LANE, count, expression)                                   \
    static TC_INLINE mve_pred16_t name(VECTOR a, LANE y) {                                  \
        unsigned found = 0;                                                                 \
        for (int i = 0; i < (count); i++) {                                                 \
            const LANE x = a.lane[i];                                                       \
            found |= (expression) ? ((1u << 16 / (count)) - 1u) << i * (16 / (count)) : 0u; \
        }                                                                                   \
        return (mve_pred16_t)found;                                                         \
    }
TC_COMPARE(vcmpltq_n_s32, int32x4_t, int32_t, 4, x < y)
TC_COMPARE(vcmpltq_n_s16, int16x8_t, int16_t, 8, x < y)

static TC_INLINE mve_pred16_t vcmpneq_u8(uint8x16_t a, uint8x16_t b) {
    unsigned found = 0;
    for (int i = 0; i < 16; i++) {
        found |= (unsigned)(a.lane[i] != b.lane[i]) << i;
    }
    return (mve_pred16_t)found;
}

static TC_INLINE mve_pred16_t vcmpltq_m_n_s32(int32x4_t x, int32_t y, mve_pred16_t on) {
    return (mve_pred16_t)(vcmpltq_n_s32(x, y) & on);
}

/* Lanes of `a` where the predicate is on, else those of `b`. */
static TC_INLINE int32x4_t vpselq_s32(int32x4_t a, int32x4_t b, mve_pred16_t on) {
    for (int i = 0; i < 4; i++) {
        if (!TC_IS_ON(on, i, 4)) {
            a.lane[i] = b.lane[i];
        }
    }
    return a;
}

/* Negated where it is on. */
#define TC_NEGATED(name, VECTOR, LANE, count)                               \
    static TC_INLINE VECTOR name(VECTOR under, VECTOR x, mve_pred16_t on) { \
        for (int i = 0; i < (count); i++) {                                 \
            if (TC_IS_ON(on, i, count)) {                                   \
                under.lane[i] = (LANE)(0u - (uint32_t)x.lane[i]);           \
            }                                                               \
        }                                                                   \
        return under;                                                       \
    }
TC_NEGATED(vnegq_m_s32, int32x4_t, int32_t, 4)
TC_NEGATED(vnegq_m_s16, int16x8_t, int16_t, 8)

/* Over all lanes that are on. */
#define TC_ACROSS(name, RESULT, VECTOR, count, expression)                 \
    static TC_INLINE RESULT name(RESULT best, VECTOR a, mve_pred16_t on) { \
        for (int i = 0; i < (count); i++) {                                \
            if (TC_IS_ON(on, i, count)) {                                  \
                const RESULT x = a.lane[i];                                \
                best = expression;                                         \
            }                                                              \
        }                                                                  \
        return best;                                                       \
    }
TC_ACROSS(vaddvaq_p_s8, int32_t, int8x16_t, 16, tc_add(best, x))
TC_ACROSS(vaddvaq_p_s32, int32_t, int32x4_t, 4, tc_add(best, x))
TC_ACROSS(vmaxvq_p_s8, int8_t, int8x16_t, 16, x > best ? x : best)
TC_ACROSS(vminvq_p_s8, int8_t, int8x16_t, 16, x < best ? x : best)
#endif

#endif

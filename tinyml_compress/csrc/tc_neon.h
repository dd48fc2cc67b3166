/* Vectors of AArch64: what its kernels share. Each function is a few instructions there and plain C elsewhere. Weights
 * are above -128, so that 16 bits hold the sum of two products. */
#ifndef TC_NEON_H
#define TC_NEON_H

#include "tc_requant.h"

#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#define TC_NEON 1
#include <arm_neon.h>
typedef int8x16_t tc_neon_bytes;
typedef int32x4_t tc_neon_words;
#else
#define TC_NEON 0
typedef struct {
    int8_t lane[16];
} tc_neon_bytes;

typedef struct {
    int32_t lane[4];
} tc_neon_words;
#endif

static TC_INLINE tc_neon_bytes tc_neon_load(const int8_t *from) {
#if TC_NEON
    return vld1q_s8(from);
#else
    tc_neon_bytes loaded;
    TC_MEMCPY(&loaded, from, sizeof loaded);
    return loaded;
#endif
}

static TC_INLINE tc_neon_words tc_neon_load_words(const int32_t *from) {
#if TC_NEON
    return vld1q_s32(from);
#else
    tc_neon_words loaded;
    TC_MEMCPY(&loaded, from, sizeof loaded);
    return loaded;
#endif
}

/* Sums of four channels with their biases, requantized by four multipliers and four shifts of at least 1 to the right,
 * which are negative. A rounding shift takes ties toward +infinity: one less takes a negative number's away from zero,
 * and no product is INT32_MIN. */
static TC_INLINE tc_neon_words tc_neon_scaled(tc_neon_words sums, const int32_t *multipliers, const int32_t *shifts) {
#if TC_NEON
    const int32x4_t product = vqrdmulhq_s32(sums, vld1q_s32(multipliers));
    return vrshlq_s32(vsraq_n_s32(product, product, 31), vld1q_s32(shifts));
#else
    for (int i = 0; i < 4; i++) {
        sums.lane[i] = tc_requantize(sums.lane[i], multipliers[i], (int)shifts[i]);
    }
    return sums;
#endif
}

/* What becomes of a scaled sum. */
typedef struct {
    int32_t zero;
    int32_t low;
    int32_t high;
} tc_neon_ends;

static TC_INLINE tc_neon_bytes tc_neon_finished(tc_neon_words a, tc_neon_words b, tc_neon_words c, tc_neon_words d,
                                                tc_neon_ends ends) {
#if TC_NEON
    const int16x8_t zero = vdupq_n_s16((int16_t)ends.zero);
    const int16x8_t first = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(a), b), zero);
    const int16x8_t second = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(c), d), zero);
    const int8x16_t all = vqmovn_high_s16(vqmovn_s16(first), second);
    return vminq_s8(vmaxq_s8(all, vdupq_n_s8((int8_t)ends.low)), vdupq_n_s8((int8_t)ends.high));
#else
    const tc_neon_words words[4] = {a, b, c, d};
    tc_neon_bytes all;
    for (int i = 0; i < 16; i++) {
        all.lane[i] = (int8_t)tc_clamp(tc_add(words[i >> 2].lane[i & 3], ends.zero), ends.low, ends.high);
    }
    return all;
#endif
}

/* Loops that are short: not to be unrolled, nor to be made vectors of. */
#if TC_NEON && defined(__clang__)
#define TC_NEON_SHORT _Pragma("clang loop unroll(disable) vectorize(disable)")
#elif TC_NEON && __GNUC__ >= 8
#define TC_NEON_SHORT _Pragma("GCC unroll 1")
#else
#define TC_NEON_SHORT
#endif

/* Four bytes of them, or fewer, from the byte 4 * `which` on. */
#if TC_NEON
#define TC_NEON_STORE_FOUR(which)                                            \
    do {                                                                     \
        if (count >= 4) {                                                    \
            vst1q_lane_s32((void *)to, vreinterpretq_s32_s8(from), (which)); \
        } else {                                                             \
            vst1q_lane_s8(to, from, 4 * (which));                            \
            if (count > 1) {                                                 \
                vst1q_lane_s8(to + 1, from, 4 * (which) + 1);                \
            }                                                                \
            if (count > 2) {                                                 \
                vst1q_lane_s8(to + 2, from, 4 * (which) + 2);                \
            }                                                                \
        }                                                                    \
    } while (0)
#endif
static TC_INLINE void tc_neon_store_four(int8_t *to, tc_neon_bytes from, int which, int32_t count) {
#if TC_NEON
    if (which == 0) {
        TC_NEON_STORE_FOUR(0);
    } else if (which == 1) {
        TC_NEON_STORE_FOUR(1);
    } else if (which == 2) {
        TC_NEON_STORE_FOUR(2);
    } else {
        TC_NEON_STORE_FOUR(3);
    }
#else
    for (int32_t i = 0; i < (count < 4 ? count : 4); i++) {
        to[i] = from.lane[4 * which + i];
    }
#endif
}

/* Eight of them, or all. */
static TC_INLINE void tc_neon_store(int8_t *to, tc_neon_bytes from, int all) {
#if TC_NEON
    if (all) {
        vst1q_s8(to, from);
    } else {
        vst1_s8(to, vget_low_s8(from));
    }
#else
    TC_MEMCPY(to, &from, all ? 16u : 8u);
#endif
}

/* The first eight of them, and the others. */
static TC_INLINE void tc_neon_store_halves(int8_t *to, int8_t *other, tc_neon_bytes from) {
#if TC_NEON
    vst1_s8(to, vget_low_s8(from));
    vst1_s8(other, vget_high_s8(from));
#else
    TC_MEMCPY(to, &from, 8);
    TC_MEMCPY(other, from.lane + 8, 8);
#endif
}

/* Sixteen bytes, eight, or four. */
static TC_INLINE void tc_neon_move(int8_t *to, const int8_t *from, int count) {
#if TC_NEON
    if (count == 16) {
        vst1q_s8(to, vld1q_s8(from));
    } else if (count == 8) {
        vst1_s8(to, vld1_s8(from));
    } else {
        vst1_lane_s32((void *)to, vld1_dup_s32((const void *)from), 0);
    }
#else
    TC_MEMCPY(to, from, (size_t)count);
#endif
}

/* Whole vectors, and the last bytes with one that ends with them: some are written twice. */
static TC_INLINE void tc_neon_copy(int8_t *to, const int8_t *from, int32_t count) {
    if (count >= 16) {
        TC_NEON_SHORT
        for (int32_t at = 0; at < count - 16; at += 16) {
            tc_neon_move(to + at, from + at, 16);
        }
        tc_neon_move(to + count - 16, from + count - 16, 16);
    } else if (count >= 8) {
        tc_neon_move(to, from, 8);
        tc_neon_move(to + count - 8, from + count - 8, 8);
    } else if (count >= 4) {
        tc_neon_move(to, from, 4);
        tc_neon_move(to + count - 4, from + count - 4, 4);
    } else if (count > 0) {
        to[0] = from[0];
        to[count >> 1] = from[count >> 1];
        to[count - 1] = from[count - 1];
    }
}

/* Whole vectors: up to fifteen bytes behind `count` are read and written too. */
static TC_INLINE void tc_neon_copy_beyond(int8_t *to, const int8_t *from, int32_t count) {
    TC_NEON_SHORT
    for (int32_t at = 0; at < count; at += 16) {
        tc_neon_move(to + at, from + at, 16);
    }
}

/* The same number in all of them, and up to fifteen bytes behind. */
static TC_INLINE void tc_neon_fill_beyond(int8_t *to, int32_t value, int32_t count) {
#if TC_NEON
    const tc_neon_bytes alike = vdupq_n_s8((int8_t)value);
#else
    tc_neon_bytes alike;
    for (int i = 0; i < 16; i++) {
        alike.lane[i] = (int8_t)value;
    }
#endif
    TC_NEON_SHORT
    for (int32_t at = 0; at < count; at += 16) {
        tc_neon_store(to + at, alike, 1);
    }
}

#endif

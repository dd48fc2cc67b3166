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

static TC_INLINE tc_neon_words tc_neon_alike(int32_t x) {
#if TC_NEON
    return vdupq_n_s32(x);
#else
    const tc_neon_words alike = {{x, x, x, x}};
    return alike;
#endif
}

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

/* Sixteen products, added to four sums: the lanes of these differ with the core, their total does not. */
static TC_INLINE tc_neon_words tc_neon_dot(tc_neon_words sums, tc_neon_bytes x, tc_neon_bytes w) {
#if TC_NEON && defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(sums, x, w);
#elif TC_NEON
    const int16x8_t products = vmull_s8(vget_low_s8(x), vget_low_s8(w));
    return vpadalq_s16(sums, vmlal_high_s8(products, x, w));
#else
    for (int i = 0; i < 16; i++) {
        sums.lane[i >> 2] = tc_add(sums.lane[i >> 2], x.lane[i] * w.lane[i]);
    }
    return sums;
#endif
}

/* The totals of four, in lanes. */
static TC_INLINE tc_neon_words tc_neon_totals(tc_neon_words a, tc_neon_words b, tc_neon_words c, tc_neon_words d) {
#if TC_NEON
    return vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
#else
    const tc_neon_words totals = {{
        tc_add(tc_add(a.lane[0], a.lane[1]), tc_add(a.lane[2], a.lane[3])),
        tc_add(tc_add(b.lane[0], b.lane[1]), tc_add(b.lane[2], b.lane[3])),
        tc_add(tc_add(c.lane[0], c.lane[1]), tc_add(c.lane[2], c.lane[3])),
        tc_add(tc_add(d.lane[0], d.lane[1]), tc_add(d.lane[2], d.lane[3])),
    }};
    return totals;
#endif
}

/* Sums of four channels, requantized: `channels` are four biases, `apart` behind them four multipliers, and so again
 * four shifts of at least 1 to the right, which are negative. A rounding shift takes ties toward +infinity: one less
 * takes a negative number's away from zero, and no product is INT32_MIN. */
static TC_INLINE tc_neon_words tc_neon_scaled(tc_neon_words sums, const int32_t *channels, int32_t apart) {
#if TC_NEON
    const int32x4_t x = vaddq_s32(sums, vld1q_s32(channels));
    const int32x4_t product = vqrdmulhq_s32(x, vld1q_s32(channels + apart));
    return vrshlq_s32(vsraq_n_s32(product, product, 31), vld1q_s32(channels + 2 * apart));
#else
    for (int i = 0; i < 4; i++) {
        sums.lane[i] =
            tc_requantize(tc_add(sums.lane[i], channels[i]), channels[apart + i], (int)channels[2 * apart + i]);
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

/* Four bytes of them, or fewer, from the byte 4 * `which` on. */
static TC_INLINE void tc_neon_store_four(int8_t *to, tc_neon_bytes from, int which, int32_t count) {
#if TC_NEON
    const int32x4_t words = vreinterpretq_s32_s8(from);
    if (count >= 4) {
        if (which == 0) {
            vst1q_lane_s32((void *)to, words, 0);
        } else if (which == 1) {
            vst1q_lane_s32((void *)to, words, 1);
        } else if (which == 2) {
            vst1q_lane_s32((void *)to, words, 2);
        } else {
            vst1q_lane_s32((void *)to, words, 3);
        }
        return;
    }
    int8_t bytes[16];
    vst1q_s8(bytes, from);
#else
    const int8_t *const bytes = from.lane;
#endif
    for (int32_t i = 0; i < (count < 4 ? count : 4); i++) {
        to[i] = bytes[4 * which + i];
    }
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
    } else {
        for (int32_t at = 0; at < count; at++) {
            to[at] = from[at];
        }
    }
}

/* The same number in all of them. */
static TC_INLINE void tc_neon_fill(int8_t *to, int32_t value, int32_t count) {
    for (int32_t at = 0; at < count; at++) {
        to[at] = (int8_t)value;
    }
}

#endif

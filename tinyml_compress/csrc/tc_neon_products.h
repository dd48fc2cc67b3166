/* Vectors of AArch64: products of rows of bytes. Rows are read eight values at a time: what is behind a row's values is
 * multiplied by weights of 0. Weights are by four outputs; of each, eight values of all four are two vectors: the first
 * four values of each output, then the next four. A lane of a product is an output. */
#ifndef TC_NEON_PRODUCTS_H
#define TC_NEON_PRODUCTS_H

#include "tc_neon.h"

/* Eight values of a row, and sums of four outputs. */
#if TC_NEON && defined(__ARM_FEATURE_DOTPROD)
typedef int8x8_t tc_neon_eight;
typedef int32x4_t tc_neon_sums;
#elif TC_NEON
typedef struct {
    int8x16_t first, next; /* four values, four times */
} tc_neon_eight;

typedef struct {
    int32x4_t low, high; /* of each output two */
} tc_neon_sums;
#else
typedef struct {
    int8_t lane[8];
} tc_neon_eight;

typedef tc_neon_words tc_neon_sums;
#endif

/* Eight values, and the pointer goes on behind them. Without dot products they are loaded by instructions of which the
 * compiler does not know that both halves of a register are alike: it would take the halves of the weights apart. */
static TC_INLINE tc_neon_eight tc_neon_load_eight(const int8_t **from) {
    tc_neon_eight x;
#if TC_NEON && defined(__ARM_FEATURE_DOTPROD)
    x = vld1_s8(*from);
    *from += 8;
#elif TC_NEON
    __asm__("ld1r {%0.4s}, [%1], #4" : "=w"(x.first), "+r"(*from) : "m"(*(const int8_t (*)[4]) * from));
    __asm__("ld1r {%0.4s}, [%1], #4" : "=w"(x.next), "+r"(*from) : "m"(*(const int8_t (*)[4]) * from));
#else
    TC_MEMCPY(&x, *from, sizeof x);
    *from += 8;
#endif
    return x;
}

/* Before any product: the biases, where each sum has a lane. */
static TC_INLINE tc_neon_sums tc_neon_begin(const int32_t *channels) {
#if TC_NEON && !defined(__ARM_FEATURE_DOTPROD)
    const tc_neon_sums none = {vdupq_n_s32(0), vdupq_n_s32(0)};
    (void)channels;
    return none;
#else
    return tc_neon_load_words(channels);
#endif
}

/* Eight products for each of four outputs, added to their sums. */
static TC_INLINE tc_neon_sums tc_neon_added(tc_neon_sums sums, tc_neon_eight x, tc_neon_bytes first,
                                            tc_neon_bytes next) {
#if TC_NEON && defined(__ARM_FEATURE_DOTPROD)
    return vdotq_lane_s32(vdotq_lane_s32(sums, first, x, 0), next, x, 1);
#elif TC_NEON
    const int16x8_t low = vmull_s8(vget_low_s8(x.first), vget_low_s8(first));
    const int16x8_t high = vmull_high_s8(x.first, first);
    sums.low = vpadalq_s16(sums.low, vmlal_s8(low, vget_low_s8(x.next), vget_low_s8(next)));
    sums.high = vpadalq_s16(sums.high, vmlal_high_s8(high, x.next, next));
    return sums;
#else
    for (int i = 0; i < 16; i++) {
        int32_t *const sum = &sums.lane[i >> 2];
        *sum = tc_add(*sum, x.lane[i & 3] * first.lane[i] + x.lane[4 + (i & 3)] * next.lane[i]);
    }
    return sums;
#endif
}

/* Requantized; `channels` as tc_neon_begin had them. */
static TC_INLINE tc_neon_words tc_neon_end(tc_neon_sums sums, const int32_t *channels) {
#if TC_NEON && !defined(__ARM_FEATURE_DOTPROD)
    return tc_neon_scaled(vaddq_s32(vpaddq_s32(sums.low, sums.high), vld1q_s32(channels)), channels + 4, channels + 8);
#else
    return tc_neon_scaled(sums, channels + 4, channels + 8);
#endif
}

#if TC_NEON && !defined(__ARM_FEATURE_DOTPROD)
#define TC_NEON_MOST 2 /* times four outputs, by four rows: sums for which there are registers */
#else
#define TC_NEON_MOST 4
#endif

/* What all rows of a product have in common; of `channels` are per four outputs four biases, multipliers and shifts. */
typedef struct {
    const int8_t *weights;
    const int32_t *channels;
    int32_t outputs;
    int32_t steps;
    tc_neon_ends ends;
} tc_neon_matrix;

/* Of the vectors of weights those for four outputs at `w`; what a row's eight values add to its sums. */
#define TC_NEON_WEIGHTS(k, from)                   \
    const tc_neon_bytes w##k = tc_neon_load(from); \
    const tc_neon_bytes v##k = tc_neon_load((from) + 16)
#define TC_NEON_ROW(row, from)                               \
    do {                                                     \
        const tc_neon_eight x = tc_neon_load_eight(&(from)); \
        row##0 = tc_neon_added(row##0, x, w0, v0);           \
        if (fours > 1) {                                     \
            row##1 = tc_neon_added(row##1, x, w1, v1);       \
        }                                                    \
        if (fours > 2) {                                     \
            row##2 = tc_neon_added(row##2, x, w2, v2);       \
            row##3 = tc_neon_added(row##3, x, w3, v3);       \
        }                                                    \
    } while (0)
#define TC_NEON_BEGIN(row)                                                   \
    tc_neon_sums row##0 = tc_neon_begin(channels);                           \
    tc_neon_sums row##1 = fours > 1 ? tc_neon_begin(channels + 12) : row##0; \
    tc_neon_sums row##2 = fours > 2 ? tc_neon_begin(channels + 24) : row##0; \
    tc_neon_sums row##3 = fours > 2 ? tc_neon_begin(channels + 36) : row##0
#define TC_NEON_END(row, k) tc_neon_end(row##k, channels + 12 * (k))

/* Four rows by four outputs, `fours` times: 1, 2 or 4. Of `count` rows, where fewer differ, and of `left` outputs. */
static TC_INLINE void tc_neon_tile(const tc_neon_matrix *by, const int8_t *const in[4], const int8_t *w,
                                   const int32_t *channels, int8_t *out, int32_t count, int32_t left, int fours) {
    const int8_t *first = in[0];
    const int8_t *second = in[1];
    const int8_t *third = in[2];
    const int8_t *fourth = in[3];
    const tc_neon_ends ends = by->ends;
    const int32_t outputs = by->outputs;
    const int32_t apart = 32 * by->steps;
    TC_NEON_BEGIN(a);
    TC_NEON_BEGIN(b);
    TC_NEON_BEGIN(c);
    TC_NEON_BEGIN(d);
    int32_t steps = by->steps;
    do {
        TC_NEON_WEIGHTS(0, w);
        TC_NEON_WEIGHTS(1, w + (fours > 1 ? apart : 0));
        TC_NEON_WEIGHTS(2, w + (fours > 2 ? 2 * apart : 0));
        TC_NEON_WEIGHTS(3, w + (fours > 2 ? 3 * apart : 0));
        TC_NEON_ROW(a, first);
        TC_NEON_ROW(b, second);
        TC_NEON_ROW(c, third);
        TC_NEON_ROW(d, fourth);
        w += 32;
    } while (--steps > 0);
    const tc_neon_words p0 = TC_NEON_END(a, 0);
    const tc_neon_words q0 = TC_NEON_END(b, 0);
    const tc_neon_words r0 = TC_NEON_END(c, 0);
    const tc_neon_words s0 = TC_NEON_END(d, 0);
    if (fours == 1) {
        const tc_neon_bytes all = tc_neon_finished(p0, q0, r0, s0, ends);
        tc_neon_store_four(out, all, 0, left);
        tc_neon_store_four(out + outputs, all, 1, left);
        if (count > 2) {
            tc_neon_store_four(out + 2 * outputs, all, 2, left);
        }
        if (count > 3) {
            tc_neon_store_four(out + 3 * outputs, all, 3, left);
        }
        return;
    }
    const tc_neon_words p1 = TC_NEON_END(a, 1);
    const tc_neon_words q1 = TC_NEON_END(b, 1);
    const tc_neon_words r1 = TC_NEON_END(c, 1);
    const tc_neon_words s1 = TC_NEON_END(d, 1);
    if (fours == 2) {
        const tc_neon_bytes two = tc_neon_finished(p0, p1, q0, q1, ends);
        const tc_neon_bytes last = tc_neon_finished(r0, r1, s0, s1, ends);
        tc_neon_store_halves(out, out + outputs, two);
        if (count > 3) {
            tc_neon_store_halves(out + 2 * outputs, out + 3 * outputs, last);
        } else if (count > 2) {
            tc_neon_store(out + 2 * outputs, last, 0);
        }
        return;
    }
    const tc_neon_bytes p = tc_neon_finished(p0, p1, TC_NEON_END(a, 2), TC_NEON_END(a, 3), ends);
    const tc_neon_bytes q = tc_neon_finished(q0, q1, TC_NEON_END(b, 2), TC_NEON_END(b, 3), ends);
    const tc_neon_bytes r = tc_neon_finished(r0, r1, TC_NEON_END(c, 2), TC_NEON_END(c, 3), ends);
    const tc_neon_bytes s = tc_neon_finished(s0, s1, TC_NEON_END(d, 2), TC_NEON_END(d, 3), ends);
    tc_neon_store(out, p, 1);
    tc_neon_store(out + outputs, q, 1);
    if (count > 2) {
        tc_neon_store(out + 2 * outputs, r, 1);
    }
    if (count > 3) {
        tc_neon_store(out + 3 * outputs, s, 1);
    }
}

/* One row by four outputs, `fours` times: 1 or 4; of `left` outputs. */
static TC_INLINE void tc_neon_line(const tc_neon_matrix *by, const int8_t *in, const int8_t *w, const int32_t *channels,
                                   int8_t *out, int32_t left, int fours) {
    const int32_t apart = 32 * by->steps;
    TC_NEON_BEGIN(a);
    int32_t steps = by->steps;
    do {
        TC_NEON_WEIGHTS(0, w);
        TC_NEON_WEIGHTS(1, w + (fours > 1 ? apart : 0));
        TC_NEON_WEIGHTS(2, w + (fours > 2 ? 2 * apart : 0));
        TC_NEON_WEIGHTS(3, w + (fours > 2 ? 3 * apart : 0));
        TC_NEON_ROW(a, in);
        w += 32;
    } while (--steps > 0);
    const tc_neon_words p = TC_NEON_END(a, 0);
    if (fours == 1) {
        tc_neon_store_four(out, tc_neon_finished(p, p, p, p, by->ends), 0, left);
        return;
    }
    const tc_neon_words q = TC_NEON_END(a, 1);
    const tc_neon_words r = TC_NEON_END(a, 2);
    const tc_neon_words s = TC_NEON_END(a, 3);
    tc_neon_store(out, tc_neon_finished(p, q, r, s, by->ends), 1);
}

/* All outputs of four rows; of `count`, where fewer differ. */
static TC_NOINLINE void tc_neon_four_rows(const tc_neon_matrix *by, const int8_t *const in[4], int8_t *out,
                                          int32_t count) {
    const int8_t *w = by->weights;
    const int32_t *channels = by->channels;
    const int32_t apart = 32 * by->steps;
    int32_t left = by->outputs;
#if TC_NEON_MOST > 2
    for (; left >= 16; left -= 16, w += 4 * apart, channels += 48, out += 16) {
        tc_neon_tile(by, in, w, channels, out, count, left, 4);
    }
#endif
    for (; left >= 8; left -= 8, w += 2 * apart, channels += 24, out += 8) {
        tc_neon_tile(by, in, w, channels, out, count, left, 2);
    }
    for (; left > 0; left -= 4, w += apart, channels += 12, out += 4) {
        tc_neon_tile(by, in, w, channels, out, count, left, 1);
    }
}

/* All outputs of one row. */
static TC_NOINLINE void tc_neon_one_row(const tc_neon_matrix *by, const int8_t *in, int8_t *out) {
    const int8_t *w = by->weights;
    const int32_t *channels = by->channels;
    const int32_t apart = 32 * by->steps;
    int32_t left = by->outputs;
    for (; left >= 16; left -= 16, w += 4 * apart, channels += 48, out += 16) {
        tc_neon_line(by, in, w, channels, out, left, 4);
    }
    for (; left > 0; left -= 4, w += apart, channels += 12, out += 4) {
        tc_neon_line(by, in, w, channels, out, left, 1);
    }
}

/* Outputs of `count` rows, 1 to 4, of which the pointers behind repeat one. */
static TC_INLINE void tc_neon_rows(const tc_neon_matrix *by, const int8_t *const in[4], int8_t *out, int32_t count) {
    if (count > 1) {
        tc_neon_four_rows(by, in, out, count);
    } else {
        tc_neon_one_row(by, in[0], out);
    }
}

#endif

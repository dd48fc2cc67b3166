/* Vectors of AArch64: products of rows of bytes. Rows are read in whole vectors: what is behind a row's values is
 * multiplied by weights of 0. Of each four outputs and sixteen inputs the rows of weights lie side by side. */
#ifndef TC_NEON_PRODUCTS_H
#define TC_NEON_PRODUCTS_H

#include "tc_neon.h"

/* Sums of four outputs. */
static TC_INLINE tc_neon_words tc_neon_one_by_four(const int8_t *in, const int8_t *w, int32_t steps) {
    tc_neon_words a = tc_neon_alike(0);
    tc_neon_words b = a;
    tc_neon_words c = a;
    tc_neon_words d = a;
    TC_KNOWN(steps > 0);
    for (; steps > 0; steps--, in += 16, w += 64) {
        const tc_neon_bytes x = tc_neon_load(in);
        a = tc_neon_dot(a, x, tc_neon_load(w));
        b = tc_neon_dot(b, x, tc_neon_load(w + 16));
        c = tc_neon_dot(c, x, tc_neon_load(w + 32));
        d = tc_neon_dot(d, x, tc_neon_load(w + 48));
    }
    return tc_neon_totals(a, b, c, d);
}

/* Four rows by four outputs: sums by row. */
typedef struct {
    tc_neon_words row[4];
} tc_neon_tile;

#define TC_NEON_SUMS(row) tc_neon_words row##0 = none, row##1 = none, row##2 = none, row##3 = none
#define TC_NEON_DOTS(row, in)                \
    do {                                     \
        const tc_neon_bytes x = (in);        \
        row##0 = tc_neon_dot(row##0, x, w0); \
        row##1 = tc_neon_dot(row##1, x, w1); \
        row##2 = tc_neon_dot(row##2, x, w2); \
        row##3 = tc_neon_dot(row##3, x, w3); \
    } while (0)

static TC_INLINE tc_neon_tile tc_neon_four_by_four(const int8_t *const in[4], const int8_t *w, int32_t steps) {
    const tc_neon_words none = tc_neon_alike(0);
    const int8_t *const first = in[0];
    const int8_t *const second = in[1];
    const int8_t *const third = in[2];
    const int8_t *const fourth = in[3];
    TC_NEON_SUMS(a);
    TC_NEON_SUMS(b);
    TC_NEON_SUMS(c);
    TC_NEON_SUMS(d);
    TC_KNOWN(steps > 0);
    for (int32_t k = 0; k < 16 * steps; k += 16, w += 64) {
        const tc_neon_bytes w0 = tc_neon_load(w);
        const tc_neon_bytes w1 = tc_neon_load(w + 16);
        const tc_neon_bytes w2 = tc_neon_load(w + 32);
        const tc_neon_bytes w3 = tc_neon_load(w + 48);
        TC_NEON_DOTS(a, tc_neon_load(first + k));
        TC_NEON_DOTS(b, tc_neon_load(second + k));
        TC_NEON_DOTS(c, tc_neon_load(third + k));
        TC_NEON_DOTS(d, tc_neon_load(fourth + k));
    }
    const tc_neon_tile tile = {{tc_neon_totals(a0, a1, a2, a3), tc_neon_totals(b0, b1, b2, b3),
                                tc_neon_totals(c0, c1, c2, c3), tc_neon_totals(d0, d1, d2, d3)}};
    return tile;
}

/* What all rows of a product have in common; `channels` is per four outputs as tc_neon_scaled takes it, 4 apart. */
typedef struct {
    const int8_t *weights;
    const int32_t *channels;
    int32_t outputs;
    int32_t steps;
    tc_neon_ends ends;
} tc_neon_matrix;

/* All outputs of four rows; of `count`, where fewer differ. */
static TC_NOINLINE void tc_neon_four_rows(const tc_neon_matrix *by, const int8_t *const in[4], int8_t *out,
                                          int32_t count) {
    const int8_t *w = by->weights;
    const int32_t *channels = by->channels;
    const int32_t outputs = by->outputs;
    for (int32_t left = outputs; left > 0; left -= 4, w += 64 * by->steps, channels += 12, out += 4) {
        tc_neon_tile tile = tc_neon_four_by_four(in, w, by->steps);
        for (int i = 0; i < 4; i++) {
            tile.row[i] = tc_neon_scaled(tile.row[i], channels, 4);
        }
        const tc_neon_bytes bytes = tc_neon_finished(tile.row[0], tile.row[1], tile.row[2], tile.row[3], by->ends);
        tc_neon_store_four(out, bytes, 0, left);
        tc_neon_store_four(out + outputs, bytes, 1, left);
        if (count > 2) {
            tc_neon_store_four(out + 2 * outputs, bytes, 2, left);
        }
        if (count > 3) {
            tc_neon_store_four(out + 3 * outputs, bytes, 3, left);
        }
    }
}

/* All outputs of one row, sixteen at a time as far as they go. */
static TC_NOINLINE void tc_neon_one_row(const tc_neon_matrix *by, const int8_t *in, int8_t *out) {
    const int8_t *w = by->weights;
    const int32_t *channels = by->channels;
    for (int32_t left = by->outputs; left > 0; left -= 4, w += 64 * by->steps, channels += 12, out += 4) {
        const tc_neon_words sums = tc_neon_scaled(tc_neon_one_by_four(in, w, by->steps), channels, 4);
        tc_neon_store_four(out, tc_neon_finished(sums, sums, sums, sums, by->ends), 0, left);
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

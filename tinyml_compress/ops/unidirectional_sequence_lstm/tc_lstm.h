/* Long short-term memory: sizes, and the arithmetic of gates and cells of int16. */
#ifndef TC_LSTM_H
#define TC_LSTM_H

#include "tc_requant.h"
#include "tc_sigmoid16.h"

static TC_INLINE int32_t tc_lstm_s16(int32_t x) {
    return tc_clamp(x, -32768, 32767);
}

/* A row of values by a row of weights; int32 wraps. */
static TC_INLINE int32_t tc_lstm_dot(const int8_t *x, const int8_t *w, int32_t count, int32_t sum) {
    for (int32_t i = 0; i < count; i++) {
        sum = tc_add(sum, x[i] * w[i]);
    }
    return sum;
}

static TC_INLINE int64_t tc_lstm_wide_dot(const int16_t *x, const int8_t *w, int32_t count) {
    int64_t sum = 0;
    for (int32_t i = 0; i < count; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

static TC_INLINE int32_t tc_lstm_product(int32_t a, int32_t b, int32_t multiplier, int32_t shift) {
    return tc_lstm_s16(tc_requantize(a * b, multiplier, (int)shift));
}

/* The new cell, of the sums of all four gates; the first three become their values on the way. */
static TC_INLINE int32_t tc_lstm_cell(const tc_lstm_params *p, const int32_t *gates, int32_t cell) {
    const int32_t forget = tc_logistic16(p->table, 3 * gates[0]);
    const int32_t input = tc_logistic16(p->table, 3 * gates[1]);
    const int32_t fresh = tc_tanh16(p->table, 3 * gates[2]);
    const int32_t kept = tc_lstm_product(forget, cell, p->forget_multiplier, p->forget_shift);
    const int32_t added = tc_lstm_product(input, fresh, p->input_multiplier, p->input_shift);
    const int32_t sum = tc_lstm_s16(kept + added);
    return p->clip > 0 ? tc_clamp(sum, -p->clip, p->clip) : sum;
}

/* What goes out, before it is cut to its type. */
static TC_INLINE int32_t tc_lstm_out(const tc_lstm_params *p, int32_t gate, int32_t cell) {
    const int32_t x = tc_sigmoid16_rounded(cell, p->tanh_multiplier, p->tanh_shift);
    const int32_t product = tc_tanh16(p->table, x) * tc_logistic16(p->table, 3 * gate);
    return tc_add(tc_requantize(product, p->output_multiplier, (int)p->output_shift), p->out_zero);
}

#endif

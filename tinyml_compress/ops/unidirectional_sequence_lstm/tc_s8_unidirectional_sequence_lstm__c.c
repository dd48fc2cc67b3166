/* LSTM of int8 with cells of int16. `scales` are pairs {multiplier, shift}; `bias` has one word for the frame and one
 * for the memory, with the zero points folded in. What goes out at one step is what the next one remembers. */
#include "tc_lstm.h"

static TC_INLINE int32_t tc_s8_lstm_sum(const int8_t *x, const int8_t *w, int32_t count, int32_t bias,
                                        const int32_t *scale) {
    uint32_t acc = (uint32_t)bias;
    for (int32_t i = 0; i < count; i++) {
        acc += (uint32_t)(x[i] * w[i]);
    }
    return tc_lstm_s16(tc_requantize((int32_t)acc, scale[0], (int)scale[1]));
}

TC_KERNEL void tc_s8_unidirectional_sequence_lstm__c(const tc_lstm_params *p, const int8_t *in, int8_t *memory,
                                                     int16_t *cells, int8_t *out) {
    for (int32_t b = 0; b < p->batch; b++, memory += p->units, cells += p->units) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int8_t *frame = in + b * p->in_batch + t * p->in_step;
            int8_t *made = out + b * p->out_batch + t * p->out_step;
            const int8_t *w = p->weights;
            const int32_t *bias = p->bias;
            for (int32_t u = 0; u < p->units; u++) {
                int32_t gates[4];
                for (int32_t g = 0; g < 4; g++, bias += 2) {
                    const int32_t *scale = p->scales + 4 * g;
                    const int32_t fresh = tc_s8_lstm_sum(frame, w, p->in_c, bias[0], scale);
                    w += p->in_c;
                    const int32_t old = tc_s8_lstm_sum(memory, w, p->units, bias[1], scale + 2);
                    w += p->units;
                    gates[g] = tc_lstm_s16(fresh + old);
                }
                const int32_t cell = tc_lstm_cell(p, gates, cells[u]);
                cells[u] = (int16_t)cell;
                made[u] = (int8_t)tc_clamp(tc_lstm_out(p, gates[3], cell), -128, 127);
            }
            TC_MEMCPY(memory, made, (size_t)p->units);
        }
    }
}

/* LSTM of int16 by int8 weights. `scales` are words {multiplier of 16 bits << 8 | shift}; `bias` has the low and the
 * high half of 64 bits, and only for the frame. */
#include "tc_conv_wide.h"
#include "tc_lstm.h"

static TC_INLINE int32_t tc_s16_lstm_sum(const int16_t *x, const int8_t *w, int32_t count, const int32_t *channel) {
    int64_t acc = 0;
    for (int32_t i = 0; i < count; i++) {
        acc += x[i] * w[i];
    }
    return tc_s16_finish(acc, channel, -32768, 32767);
}

TC_KERNEL void tc_s16_unidirectional_sequence_lstm__c(const tc_lstm_params *p, const int16_t *in, int16_t *memory,
                                                      int16_t *cells, int16_t *out) {
    for (int32_t b = 0; b < p->batch; b++, memory += p->units, cells += p->units) {
        for (int32_t t = 0; t < p->steps; t++) {
            const int16_t *frame = in + b * p->in_batch + t * p->in_step;
            int16_t *made = out + b * p->out_batch + t * p->out_step;
            const int8_t *w = p->weights;
            const int32_t *bias = p->bias;
            for (int32_t u = 0; u < p->units; u++) {
                int32_t gates[4];
                for (int32_t g = 0; g < 4; g++, bias += 2) {
                    const int32_t with_bias[3] = {bias[0], bias[1], p->scales[2 * g]};
                    const int32_t without[3] = {0, 0, p->scales[2 * g + 1]};
                    const int32_t fresh = tc_s16_lstm_sum(frame, w, p->in_c, with_bias);
                    w += p->in_c;
                    const int32_t old = tc_s16_lstm_sum(memory, w, p->units, without);
                    w += p->units;
                    gates[g] = tc_lstm_s16(fresh + old);
                }
                const int32_t cell = tc_lstm_cell(p, gates, cells[u]);
                cells[u] = (int16_t)cell;
                made[u] = (int16_t)tc_lstm_s16(tc_lstm_out(p, gates[3], cell));
            }
            TC_MEMCPY(memory, made, (size_t)p->units * sizeof *memory);
        }
    }
}

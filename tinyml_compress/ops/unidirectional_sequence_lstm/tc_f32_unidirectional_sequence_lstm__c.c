/* LSTM of floats. A product and its sum stand in statements of their own: compilers must not contract them. */
#include "tc_float_math.h"

static TC_INLINE float tc_f32_lstm_sum(const float *x, const float *w, int32_t count) {
    float sum = 0.0f;
    for (int32_t i = 0; i < count; i++) {
        const float product = x[i] * w[i];
        sum += product;
    }
    return sum;
}

TC_KERNEL void tc_f32_unidirectional_sequence_lstm__c(const tc_f32_lstm_params *p, const float *in, float *memory,
                                                      float *cells, float *out) {
    for (int32_t b = 0; b < p->batch; b++, memory += p->units, cells += p->units) {
        for (int32_t t = 0; t < p->steps; t++) {
            const float *frame = in + b * p->in_batch + t * p->in_step;
            float *made = out + b * p->out_batch + t * p->out_step;
            const float *w = p->weights;
            const float *bias = p->bias;
            for (int32_t u = 0; u < p->units; u++) {
                float gates[4];
                for (int32_t g = 0; g < 4; g++, bias++) {
                    const float fresh = tc_f32_lstm_sum(frame, w, p->in_c) + *bias;
                    w += p->in_c;
                    const float old = tc_f32_lstm_sum(memory, w, p->units);
                    w += p->units;
                    gates[g] = fresh + old;
                }
                const float kept = tc_logistic(gates[0]) * cells[u];
                const float added = tc_logistic(gates[1]) * tc_tanh(gates[2]);
                float cell = kept + added;
                if (p->clip > 0.0f) {
                    cell = cell > p->clip ? p->clip : cell;
                    cell = cell < -p->clip ? -p->clip : cell;
                }
                cells[u] = cell;
                made[u] = tc_tanh(cell) * tc_logistic(gates[3]);
            }
            TC_MEMCPY(memory, made, (size_t)p->units * sizeof *memory);
        }
    }
}

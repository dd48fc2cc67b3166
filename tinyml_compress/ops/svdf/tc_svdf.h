/* Layers of a singular value decomposition: each filter makes one number of a frame, keeps the last few of them, and
 * weighs these by time; a unit sums up `rank` filters. */
#ifndef TC_SVDF_H
#define TC_SVDF_H

#include "tc_requant.h"

/* The whole layer; a filter's numbers lie in a row of the state, the newest last. The zero point is added after the
 * number is saturated, so that the sum may wrap: as in TensorFlow Lite Micro. */
#define TC_SVDF(STATE, LOW, HIGH)                                                                    \
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {                                          \
        const int8_t *feature = p->feature;                                                          \
        const STATE *time = p->time;                                                                 \
        const int32_t *start = p->start;                                                             \
        for (int32_t u = 0; u < p->units; u++) {                                                     \
            uint32_t sum = (uint32_t)p->bias[u];                                                     \
            for (int32_t r = 0; r < p->rank; r++) {                                                  \
                uint32_t made = (uint32_t)*start++;                                                  \
                for (int32_t i = 0; i < p->in_c; i++) {                                              \
                    made += (uint32_t)(in[i] * *feature++);                                          \
                }                                                                                    \
                for (int32_t i = p->memory - 1; i > 0; i--, state++) {                               \
                    state[0] = state[1];                                                             \
                    sum += (uint32_t)(*time++ * state[0]);                                           \
                }                                                                                    \
                const int32_t scaled = tc_requantize((int32_t)made, p->multiplier1, (int)p->shift1); \
                *state = (STATE)(tc_clamp(scaled, LOW, HIGH) + p->state_zero);                       \
                sum += (uint32_t)(*time++ * *state++);                                               \
            }                                                                                        \
            const int32_t scaled = tc_requantize((int32_t)sum, p->multiplier2, (int)p->shift2);      \
            *out++ = (int8_t)tc_clamp(tc_add(scaled, p->out_zero), -128, 127);                       \
        }                                                                                            \
    }

#endif

/* What the sparse fully-connected kernels share: one output after the other, only weights that are not zero. */
#ifndef TC_FC_SPARSE_H
#define TC_FC_SPARSE_H

#include "tc_dsp.h"
#include "tc_requant.h"

/* The assembly knows the offsets. */
typedef struct {
    const int8_t *in;        /* 0 */
    const int8_t *weights;   /* 4 */
    const int8_t *end;       /* 8: of the output */
    const int32_t *channels; /* 12 */
    int8_t *out;             /* 16 */
} tc_fc_sparse_job;

#if TC_DSP_ASM

/* Weights come by fours in a loop whose first round is entered so that the last ends it; a last pair comes behind.
 * SUM in r2, the input in r3, weights in r1; BYTES says how far four weights' end lies behind r1, from r11 to r12. */
#define TC_FC_SPARSE(BYTES, ROUNDS, FOUR, TWO) \
    "push {r4-r11, lr}\n"                      \
    "ldm r0, {r0, r1, r7, r8, lr}\n"           \
    "1:\n"                                     \
    "ldm r8!, {r2, r9, r10, r11}\n"            \
    "adr r5, 2f\n"                             \
    "ubfx r4, r11, #8, #9\n"                   \
    "mov r3, r0\n" BYTES "add r4, r4, r5\n"    \
    "bx r4\n"                                  \
    ".p2align 2\n"                             \
    "2:\n"                                     \
    ".rept " ROUNDS "\n" FOUR ".endr\n"        \
    "sub r4, r12, r1\n"                        \
    "cmp r4, #1\n"                             \
    "bhi 2b\n"                                 \
    "bne 3f\n" TWO "3:\n"                      \
    "add r4, r10, r2, asr #31\n"               \
    "lsl r2, r2, #1\n"                         \
    "smmlar r2, r2, r9, r4\n"                  \
    "asr r2, r2, r11\n"                        \
    "ssat r2, #8, r2\n"                        \
    "strb r2, [lr], #1\n"                      \
    "cmp lr, r7\n"                             \
    "bne 1b\n"                                 \
    "pop {r4-r11, pc}\n"

#endif

/* The same in plain C; how a pair lies is the caller's. */
static TC_INLINE void tc_fc_sparse_twin(const tc_fc_sparse_job *job, int32_t bytes,
                                        void (*pair)(const uint8_t *from, int32_t step[2], int32_t weight[2])) {
    const uint8_t *stream = (const uint8_t *)job->weights;
    const int32_t *channel = job->channels;
    for (int8_t *out = job->out; out != job->end; out++, channel += 4) {
        const uint32_t flow = (uint32_t)channel[3];
        const int32_t fast[4] = {channel[0], channel[1], channel[2], (int32_t)(flow & 0xffu)};
        const int8_t *at = job->in;
        int32_t sum = fast[0];
        for (uint32_t n = 2 * (flow >> 20) + (flow >> 17 & 1u); n > 0; n--, stream += bytes) {
            int32_t step[2];
            int32_t weight[2];
            pair(stream, step, weight);
            at += step[0];
            sum = tc_add(sum, *at * weight[0]);
            at += step[1];
            sum = tc_add(sum, *at * weight[1]);
        }
        *out = tc_fast_finish(sum, fast);
    }
}

#endif

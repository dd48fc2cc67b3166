/* Fully-connected layer that touches only weights that are not zero: each is a byte behind a byte that says how many
 * inputs to step on. A channel is {bias, multiplier, half, shift}. */
#include "tc_dsp.h"
#include "tc_requant.h"

typedef struct {
    int32_t batch;
    int32_t in_c;
    int32_t out_c;
    const int8_t *weights;   /* per output pairs of weights: [step, weight, step, weight] */
    const uint8_t *counts;   /* per output its pairs, at least 1 */
    const int32_t *channels; /* per output */
} tc_s8_fc_sparse;

/* The assembly knows the offsets. */
typedef struct {
    const int8_t *in;        /* 0 */
    const int8_t *weights;   /* 4 */
    const uint8_t *counts;   /* 8 */
    const int32_t *channels; /* 12 */
    int8_t *out;             /* 16 */
    int32_t left;            /* 20: outputs */
} tc_fc_sparse_job;

#if TC_DSP_ASM

/* Two weights in 8 instructions of 4 bytes each. */
#define TC_FC_SPARSE_STEP         \
    "ldr r4, [r1], #4\n"          \
    "uxtab r3, r3, r4\n"          \
    "ldrsb.w r5, [r3]\n"          \
    "uxtab r3, r3, r4, ror #16\n" \
    "ldrsb.w r6, [r3]\n"          \
    "sxtb16 r4, r4, ror #8\n"     \
    "smlabb r2, r5, r4, r2\n"     \
    "smlabt r2, r6, r4, r2\n"

static TC_NOINLINE __attribute__((naked)) void tc_fc_sparse(tc_fc_sparse_job *job __attribute__((unused))) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, sp, #4\n"
                     "ldr r1, [r0, #20]\n"
                     "str r1, [sp]\n"
                     "ldm r0, {r0, r1, r7, r8, lr}\n"
                     "1:\n"
                     "ldrb r4, [r7], #1\n"
                     "ldm r8!, {r2, r9, r10, r11}\n"
                     "mov r3, r0\n"
                     "add r12, r1, r4, lsl #2\n"
                     "rsb r4, r4, #0\n"
                     "and r4, r4, #15\n"
                     "adr r5, 2f\n"
                     "add r5, r5, r4, lsl #5\n"
                     "orr r5, r5, #1\n"
                     "bx r5\n"
                     ".p2align 2\n"
                     "2:\n"
                     ".rept 16\n" TC_FC_SPARSE_STEP ".endr\n"
                     "cmp r1, r12\n"
                     "bne 2b\n"
                     "add r4, r10, r2, asr #31\n"
                     "lsl r2, r2, #1\n"
                     "smmlar r2, r2, r9, r4\n"
                     "asr r2, r2, r11\n"
                     "ssat r2, #8, r2\n"
                     "strb r2, [lr], #1\n"
                     "ldr r4, [sp]\n"
                     "subs r4, r4, #1\n"
                     "str r4, [sp]\n"
                     "bne 1b\n"
                     "add sp, sp, #4\n"
                     "pop {r4-r11, pc}\n");
}

#else

static TC_NOINLINE void tc_fc_sparse(tc_fc_sparse_job *job) {
    const uint8_t *stream = (const uint8_t *)job->weights;
    for (int32_t c = 0; c < job->left; c++) {
        const int32_t *channel = job->channels + 4 * c;
        const int8_t *at = job->in;
        int32_t sum = channel[0];
        for (int32_t n = 2 * job->counts[c]; n > 0; n--, stream += 2) {
            at += stream[0];
            sum = tc_add(sum, *at * (int8_t)stream[1]);
        }
        job->out[c] = tc_fast_finish(sum, channel);
    }
}

#endif

TC_KERNEL void tc_s8_fully_connected_sparse__dsp(const tc_s8_fc_sparse *p, const int8_t *in, int8_t *out) {
    for (int32_t b = p->batch; b > 0; b--, in += p->in_c, out += p->out_c) {
        tc_fc_sparse_job job = {in, p->weights, p->counts, p->channels, out, p->out_c};
        tc_fc_sparse(&job);
    }
}

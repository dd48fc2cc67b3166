/* Fully-connected layer whose weights are zero in blocks of four outputs by one input: only the other blocks are
 * stored, by fours: four bytes that say how many inputs to step on, then of each two blocks the weights of outputs A, B
 * of one and the other, and those of C, D. A channel is {bias, multiplier, half, shift}; outputs come in fours. */
#include "tc_dsp.h"
#include "tc_requant.h"

/* The assembly knows the offsets. */
typedef struct {
    const int8_t *in;        /* 0 */
    const int8_t *weights;   /* 4 */
    const int32_t *channels; /* 8: advanced */
    int8_t *out;             /* 12: advanced */
    int32_t left;            /* 16: fours of outputs, counted down */
} tc_fc_blocks_job;

#if TC_DSP_ASM

/* Two blocks: two inputs side by side, and of each output the two weights. */
#define TC_FC_BLOCKS_TWO(first, second, ab, cd) \
    "uxtab r0, r0, r6" first "\n"               \
    "ldrsb.w r11, [r0]\n"                       \
    "uxtab r0, r0, r6, ror #" second "\n"       \
    "ldrsb.w r12, [r0]\n"                       \
    "pkhbt r11, r11, r12, lsl #16\n"            \
    "sxtb16 r12, " ab "\n"                      \
    "sxtb16 " ab ", " ab ", ror #8\n"           \
    "smlad r2, r11, r12, r2\n"                  \
    "sxtb16 r12, " cd "\n"                      \
    "smlad r3, r11, " ab ", r3\n"               \
    "sxtb16 " cd ", " cd ", ror #8\n"           \
    "smlad r4, r11, r12, r4\n"                  \
    "smlad r5, r11, " cd ", r5\n"

#define TC_FC_BLOCKS_FOUR                                                      \
    "ldm.w r1!, {r6, r7, r8, r9, r10}\n" TC_FC_BLOCKS_TWO("", "8", "r7", "r8") \
        TC_FC_BLOCKS_TWO(", ror #16", "24", "r9", "r10")

static TC_NOINLINE __attribute__((naked)) void tc_fc_blocks(tc_fc_blocks_job *job __attribute__((unused))) {
    __asm__ volatile("push {r0, r4-r11, lr}\n"
                     "ldr r1, [r0, #4]\n"
                     "1:\n"
                     "ldr r12, [sp]\n"
                     "ldr r7, [r1], #4\n"
                     "ldr r6, [r12, #8]\n"
                     "ldr r2, [r6]\n"
                     "ldr r3, [r6, #16]\n"
                     "ldr r4, [r6, #32]\n"
                     "ldr r5, [r6, #48]\n"
                     "ldr r0, [r12]\n"
                     "add r8, r7, r7, lsl #2\n"
                     "add lr, r1, r8, lsl #2\n"
                     "tst r7, #1\n"
                     "bne 3f\n"
                     "2:\n" TC_FC_BLOCKS_FOUR "3:\n" TC_FC_BLOCKS_FOUR "cmp r1, lr\n"
                     "bne 2b\n"
                     "ldr lr, [sp]\n"
                     "ldrd r6, r7, [lr, #8]\n"
                     "ldm r6!, {r8, r9, r10, r11}\n"
                     "add r12, r10, r2, asr #31\n"
                     "lsl r2, r2, #1\n"
                     "smmlar r2, r2, r9, r12\n"
                     "asr r2, r2, r11\n"
                     "ssat r2, #8, r2\n"
                     "strb r2, [r7], #1\n"
                     "ldm r6!, {r8, r9, r10, r11}\n"
                     "add r12, r10, r3, asr #31\n"
                     "lsl r3, r3, #1\n"
                     "smmlar r3, r3, r9, r12\n"
                     "asr r3, r3, r11\n"
                     "ssat r3, #8, r3\n"
                     "strb r3, [r7], #1\n"
                     "ldm r6!, {r8, r9, r10, r11}\n"
                     "add r12, r10, r4, asr #31\n"
                     "lsl r4, r4, #1\n"
                     "smmlar r4, r4, r9, r12\n"
                     "asr r4, r4, r11\n"
                     "ssat r4, #8, r4\n"
                     "strb r4, [r7], #1\n"
                     "ldm r6!, {r8, r9, r10, r11}\n"
                     "add r12, r10, r5, asr #31\n"
                     "lsl r5, r5, #1\n"
                     "smmlar r5, r5, r9, r12\n"
                     "asr r5, r5, r11\n"
                     "ssat r5, #8, r5\n"
                     "strb r5, [r7], #1\n"
                     "strd r6, r7, [lr, #8]\n"
                     "ldr r6, [lr, #16]\n"
                     "subs r6, r6, #1\n"
                     "str r6, [lr, #16]\n"
                     "bne 1b\n"
                     "pop {r0, r4-r11, pc}\n");
}

#else

static TC_NOINLINE void tc_fc_blocks(tc_fc_blocks_job *job) {
    const int8_t *stream = job->weights;
    for (; job->left > 0; job->left--, job->channels += 16) {
        const int8_t *at = job->in;
        int32_t sums[4];
        for (int i = 0; i < 4; i++) {
            sums[i] = job->channels[4 * i];
        }
        int32_t fours = (uint8_t)stream[0] | (int32_t)(uint8_t)stream[1] << 8;
        for (stream += 4; fours > 0; fours--, stream += 20) {
            for (int b = 0; b < 4; b++) {
                const int8_t *weights = stream + 4 + b / 2 * 8 + b % 2 * 2;
                at += (uint8_t)stream[b];
                for (int i = 0; i < 4; i++) {
                    sums[i] = tc_add(sums[i], *at * weights[i / 2 * 4 + i % 2]);
                }
            }
        }
        for (int i = 0; i < 4; i++) {
            *job->out++ = tc_fast_finish(sums[i], job->channels + 4 * i);
        }
    }
}

#endif

TC_KERNEL void tc_s8_fully_connected_blocks__dsp(const tc_s8_fc_blocks *p, const int8_t *in, int8_t *out) {
    for (int32_t b = p->batch; b > 0; b--, in += p->in_c, out += p->out_c) {
        tc_fc_blocks_job job = {in, p->weights, p->channels, out, p->out_c / 4};
        tc_fc_blocks(&job);
    }
}

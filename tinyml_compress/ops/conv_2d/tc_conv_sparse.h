/* Sparse convolution: only weights that are not zero, each for eight pixels. */
#ifndef TC_CONV_SPARSE_H
#define TC_CONV_SPARSE_H

#include "tc_conv.h"
#include "tc_dsp.h"

/* What one call works on: eight pixels, all channels. The assembly knows the offsets. */
typedef struct {
    int8_t *out;             /* 0: the first pixel's channels; the others' follow `out_c` bytes apart */
    const int8_t *weights;   /* 4: per channel pairs of weights: [step, weight, step, weight] */
    const uint16_t *counts;  /* 8: per channel its pairs, at least 1 */
    const int32_t *channels; /* 12: per channel bias, multiplier, half, shift */
    int32_t left;            /* 16: channels */
    int32_t out_c;           /* 20 */
    const int16_t *values;   /* 24: per value of a window the eight pixels' side by side; a step is one value on */
} tc_sparse_job;

#if TC_DSP_ASM

/* Two weights for eight pixels: 16 products in 26 instructions of 4 bytes each. */
#define TC_SPARSE_STEP            \
    "ldr r12, [r1], #4\n"         \
    "sxtb16 lr, r12, ror #8\n"    \
    "uxtb.w r10, r12\n"           \
    "add.w r0, r0, r10, lsl #4\n" \
    "ldrd r10, r11, [r0]\n"       \
    "smlabb r2, r10, lr, r2\n"    \
    "smlatb r3, r10, lr, r3\n"    \
    "smlabb r4, r11, lr, r4\n"    \
    "smlatb r5, r11, lr, r5\n"    \
    "ldrd r10, r11, [r0, #8]\n"   \
    "smlabb r6, r10, lr, r6\n"    \
    "smlatb r7, r10, lr, r7\n"    \
    "smlabb r8, r11, lr, r8\n"    \
    "smlatb r9, r11, lr, r9\n"    \
    "uxtb.w r10, r12, ror #16\n"  \
    "add.w r0, r0, r10, lsl #4\n" \
    "ldrd r10, r11, [r0]\n"       \
    "smlabt r2, r10, lr, r2\n"    \
    "smlatt r3, r10, lr, r3\n"    \
    "smlabt r4, r11, lr, r4\n"    \
    "smlatt r5, r11, lr, r5\n"    \
    "ldrd r10, r11, [r0, #8]\n"   \
    "smlabt r6, r10, lr, r6\n"    \
    "smlatt r7, r10, lr, r7\n"    \
    "smlabt r8, r11, lr, r8\n"    \
    "smlatt r9, r11, lr, r9\n"

/* Sums in r2-r9, the value in r0, weights in r1. On the stack: end of this channel's weights, -, out, bytes between
 * pixels, counts, channels, channels left, values. */
#define TC_SPARSE_TEXT                         \
    "push {r4-r11, lr}\n"                      \
    "sub sp, sp, #36\n"                        \
    "ldm r0, {r1, r2, r3, r4, r5, r6, r7}\n"   \
    "strd r1, r6, [sp, #8]\n"                  \
    "strd r3, r4, [sp, #16]\n"                 \
    "strd r5, r7, [sp, #24]\n"                 \
    "mov r1, r2\n"                             \
    "1:\n"                                     \
    "ldrd r10, r12, [sp, #16]\n"               \
    "ldrh r11, [r10], #2\n"                    \
    "ldr r2, [r12]\n"                          \
    "str r10, [sp, #16]\n"                     \
    "add r10, r1, r11, lsl #2\n"               \
    "str r10, [sp]\n"                          \
    "rsb r11, r11, #0\n"                       \
    "and r11, r11, #7\n"                       \
    "movs r0, #104\n"                          \
    "mul r11, r11, r0\n"                       \
    "adr r10, 2f\n"                            \
    "add r11, r11, r10\n"                      \
    "orr r11, r11, #1\n"                       \
    "ldr r0, [sp, #28]\n"                      \
    "mov r3, r2\n"                             \
    "mov r4, r2\n"                             \
    "mov r5, r2\n"                             \
    "mov r6, r2\n"                             \
    "mov r7, r2\n"                             \
    "mov r8, r2\n"                             \
    "mov r9, r2\n"                             \
    "bx r11\n"                                 \
    ".p2align 2\n"                             \
    "2:\n"                                     \
    ".rept 8\n" TC_SPARSE_STEP ".endr\n"       \
    "ldr r10, [sp]\n"                          \
    "cmp r1, r10\n"                            \
    "bne 2b\n"                                 \
    "ldr r0, [sp, #20]\n"                      \
    "add r0, r0, #4\n"                         \
    "ldm r0!, {r10, r11, r12}\n"               \
    "str r0, [sp, #20]\n"                      \
    ".irp x, r2, r3, r4, r5, r6, r7, r8, r9\n" \
    "add lr, r11, \\x, asr #31\n"              \
    "lsl \\x, \\x, #1\n"                       \
    "smmlar \\x, \\x, r10, lr\n"               \
    "asr \\x, \\x, r12\n"                      \
    "ssat \\x, #8, \\x\n"                      \
    ".endr\n"                                  \
    "ldrd r10, r11, [sp, #8]\n"                \
    "strb r3, [r10, r11]\n"                    \
    "strb r2, [r10], #1\n"                     \
    "str r10, [sp, #8]\n"                      \
    "sub r10, r10, #1\n"                       \
    "add r12, r10, r11, lsl #1\n"              \
    "strb r4, [r12]\n"                         \
    "strb r5, [r12, r11]\n"                    \
    "add r12, r12, r11, lsl #1\n"              \
    "strb r6, [r12]\n"                         \
    "strb r7, [r12, r11]\n"                    \
    "add r12, r12, r11, lsl #1\n"              \
    "strb r8, [r12]\n"                         \
    "strb r9, [r12, r11]\n"                    \
    "ldr r0, [sp, #24]\n"                      \
    "subs r0, r0, #1\n"                        \
    "str r0, [sp, #24]\n"                      \
    "bne 1b\n"                                 \
    "add sp, sp, #36\n"                        \
    "pop {r4-r11, pc}\n"

static TC_NOINLINE __attribute__((naked)) void tc_sparse_block(tc_sparse_job *job __attribute__((unused))) {
    __asm__ volatile(TC_SPARSE_TEXT);
}

#else

static TC_NOINLINE void tc_sparse_block(tc_sparse_job *job) {
    const uint8_t *stream = (const uint8_t *)job->weights;
    for (int32_t c = 0; c < job->left; c++) {
        const int32_t *channel = job->channels + 4 * c;
        const int16_t *value = job->values;
        int32_t sums[8];
        for (int i = 0; i < 8; i++) {
            sums[i] = channel[0];
        }
        for (int32_t n = 2 * job->counts[c]; n > 0; n--, stream += 2) {
            value += 8 * stream[0];
            for (int i = 0; i < 8; i += 2) {
                const uint32_t pair = tc_load32(value + i);
                sums[i] = tc_add(sums[i], tc_low16(pair) * (int8_t)stream[1]);
                sums[i + 1] = tc_add(sums[i + 1], tc_high16(pair) * (int8_t)stream[1]);
            }
        }
        for (int i = 0; i < 8; i++) {
            job->out[c + i * job->out_c] = tc_fast_finish(sums[i], channel);
        }
    }
}

#endif

#endif

/* The inner block of the DSP convolution with only those weights that are not zero, by blocks of two channels and four
 * values. Of each pair of channels come the bytes of its blocks in four bytes, then of each four blocks how many fours
 * of values each steps on, and their weights: [A.0, B.0, A.2, B.2, A.1, B.1, A.3, B.3]. */
#ifndef TC_CONV_BLOCKS_H
#define TC_CONV_BLOCKS_H

#include "tc_conv_block.h"

#define TC_CONV_BLOCKS_BYTES 36

#if TC_DSP_ASM

/* A pair of values of four pixels and two channels, as TC_CONV_STEP, at fixed places. */
#define TC_CONV_BLOCKS_HALF(weights, first, second) \
    "ldr r12, [r1, #" weights "]\n"                 \
    "ldrd r10, r11, [r0, #" first "]\n"             \
    "sxtb16 lr, r12, ror #8\n"                      \
    "sxtb16 r12, r12\n"                             \
    "smlad r2, r10, r12, r2\n"                      \
    "smlad r6, r10, lr, r6\n"                       \
    "smlad r3, r11, r12, r3\n"                      \
    "smlad r7, r11, lr, r7\n"                       \
    "ldrd r10, r11, [r0, #" second "]\n"            \
    "smlad r4, r10, r12, r4\n"                      \
    "smlad r8, r10, lr, r8\n"                       \
    "smlad r5, r11, r12, r5\n"                      \
    "smlad r9, r11, lr, r9\n"

/* A block: 32 products in 28 instructions. */
#define TC_CONV_BLOCKS_ONE(step, upper, lower) \
    "ldrb r12, [r1, #" step "]\n"              \
    "add r0, r0, r12, lsl #5\n" TC_CONV_BLOCKS_HALF(upper, "0", "8") TC_CONV_BLOCKS_HALF(lower, "16", "24")

/* Registers as in TC_CONV_BLOCK. On the stack: job, end of this pair's weights, channels, values, two words for
 * nothing, pairs left. */
static TC_NOINLINE __attribute__((naked)) void tc_conv_blocks(tc_conv_job *job __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n"
        "sub sp, sp, #28\n"
        "str r0, [sp]\n"
        "ldr r1, [r0, #20]\n"
        "ldr r2, [r0, #24]\n"
        "ldr r3, [r0, #16]\n"
        "strd r2, r3, [sp, #8]\n"
        "ldr r2, [r0, #28]\n"
        "str r2, [sp, #24]\n"
        "1:\n"
        "ldrd r12, r0, [sp, #8]\n"
        "ldr r10, [r1], #4\n"
        "add r10, r10, r1\n"
        "ldrd r2, r6, [r12], #8\n"
        "strd r10, r12, [sp, #4]\n"
        "mov r3, r2\n"
        "mov r4, r2\n"
        "mov r5, r2\n"
        "mov r7, r6\n"
        "mov r8, r6\n"
        "mov r9, r6\n"
        "2:\n" TC_CONV_BLOCKS_ONE("0", "4", "8") TC_CONV_BLOCKS_ONE("1", "12", "16") TC_CONV_BLOCKS_ONE("2", "20", "24")
            TC_CONV_BLOCKS_ONE("3", "28", "32") "ldr r10, [sp, #4]\n"
                                                "adds r1, r1, #36\n"
                                                "cmp r1, r10\n"
                                                "bne 2b\n"
                                                "ldr r0, [sp, #8]\n"
                                                "ldm r0!, {r10, r11, r12}\n" TC_CONV_FINISH("r2") TC_CONV_FINISH("r3")
                                                    TC_CONV_FINISH("r4") TC_CONV_FINISH(
                                                        "r5") "ldm r0!, {r10, r11, r12}\n" TC_CONV_FINISH("r6")
                                                        TC_CONV_FINISH("r7") TC_CONV_FINISH("r8") TC_CONV_FINISH("r9")
                                                            TC_CONV_BLOCK_END);
}

#else

static TC_NOINLINE void tc_conv_blocks(tc_conv_job *job) {
    const uint8_t *w = (const uint8_t *)job->weights;
    const int32_t *channels = job->channels;
    for (int32_t pair = job->channel_pairs; pair > 0; pair--, channels += 8) {
        const uint32_t *values = job->values;
        int32_t a[4];
        int32_t b[4];
        for (int i = 0; i < 4; i++) {
            a[i] = channels[0];
            b[i] = channels[1];
        }
        const uint8_t *end = w + 4 + tc_load32(w);
        for (w += 4; w != end; w += TC_CONV_BLOCKS_BYTES) {
            for (int block = 0; block < 4; block++) {
                values += 8 * w[block];
                for (int i = 0; i < 8; i++) {
                    const uint32_t word = tc_load32(w + 4 + 8 * block + 4 * (i / 4));
                    a[i % 4] = tc_smlad(values[i], tc_sxtb16(word), a[i % 4]);
                    b[i % 4] = tc_smlad(values[i], tc_sxtb16_odd(word), b[i % 4]);
                }
            }
        }
        for (int i = 3; i >= 0; i--) {
            *job->out[i]++ = tc_fast_finish(a[i], channels + 1);
            *job->out[i]++ = tc_fast_finish(b[i], channels + 4);
        }
    }
}

#endif

#endif

/* The inner block of the DSP convolution: four pixels times all output channels, two at a time. */
#ifndef TC_CONV_BLOCK_H
#define TC_CONV_BLOCK_H

#include "tc_conv.h"
#include "tc_dsp.h"

/* What one call works on; the assembly knows the offsets. */
typedef struct {
    int8_t *out[4];          /* 0: where each pixel's channels go; advanced */
    const uint32_t *values;  /* 16: pairs of values, the four pixels' side by side */
    const int8_t *weights;   /* 20 */
    const int32_t *channels; /* 24 */
    int32_t channel_pairs;   /* 28 */
    int32_t depth_bytes;     /* 32: weight bytes of one pair of channels */
} tc_conv_job;

typedef void (*tc_conv_block)(tc_conv_job *);

#if TC_DSP_ASM

/* One pair of values of four pixels and two channels: 16 products in 13 instructions of 4 bytes each. */
#define TC_CONV_STEP            \
    "ldr r12, [r1], #4\n"       \
    "ldrd r10, r11, [r0], #8\n" \
    "sxtb16 lr, r12, ror #8\n"  \
    "sxtb16 r12, r12\n"         \
    "smlad r2, r10, r12, r2\n"  \
    "smlad r6, r10, lr, r6\n"   \
    "smlad r3, r11, r12, r3\n"  \
    "smlad r7, r11, lr, r7\n"   \
    "ldrd r10, r11, [r0], #8\n" \
    "smlad r4, r10, r12, r4\n"  \
    "smlad r8, r10, lr, r8\n"   \
    "smlad r5, r11, r12, r5\n"  \
    "smlad r9, r11, lr, r9\n"
/* An accumulator becomes an int8; r10 is the multiplier, r11 half, r12 the shift. */
#define TC_CONV_FINISH(x)            \
    "add lr, r11, " x ", asr #31\n"  \
    "lsl " x ", " x ", #1\n"         \
    "smmlar " x ", " x ", r10, lr\n" \
    "asr " x ", " x ", r12\n"        \
    "ssat " x ", #8, " x "\n"

/* The same where the zero point is -128: whatever is negative saturates, so that its ties do not matter. */
#define TC_CONV_FINISH_RELU(x)        \
    "lsl " x ", " x ", #1\n"          \
    "smmlar " x ", " x ", r10, r11\n" \
    "asr " x ", " x ", r12\n"         \
    "ssat " x ", #8, " x "\n"

/* All registers but the stack pointer are in use: eight sums, two pixels' values, two channels' weights, two pointers.
 * On the stack: job, end of this pair's weights, channels, values, depth in bytes, entry, pairs left. */
#define TC_CONV_BLOCK_BEGIN                                                                                          \
    "push {r4-r11, lr}\n"                                                                                            \
    "sub sp, sp, #28\n"                                                                                              \
    "str r0, [sp]\n" /* the first round of the loop enters it so that the last ends it: 52 bytes a step, 16 steps */ \
    "ldr r1, [r0, #32]\n"                                                                                            \
    "lsr r2, r1, #2\n"                                                                                               \
    "rsb r2, r2, #0\n"                                                                                               \
    "and r2, r2, #15\n"                                                                                              \
    "movs r3, #52\n"                                                                                                 \
    "mul r2, r2, r3\n"                                                                                               \
    "adr r3, 2f\n"                                                                                                   \
    "add r2, r2, r3\n"                                                                                               \
    "orr r2, r2, #1\n"                                                                                               \
    "strd r1, r2, [sp, #16]\n"                                                                                       \
    "ldr r1, [r0, #20]\n"                                                                                            \
    "ldr r2, [r0, #24]\n"                                                                                            \
    "ldr r3, [r0, #16]\n"                                                                                            \
    "strd r2, r3, [sp, #8]\n"                                                                                        \
    "ldr r2, [r0, #28]\n"                                                                                            \
    "str r2, [sp, #24]\n"                                                                                            \
    "1:\n"                                                                                                           \
    "ldrd r12, r0, [sp, #8]\n"                                                                                       \
    "ldrd r10, r11, [sp, #16]\n"                                                                                     \
    "ldrd r2, r6, [r12], #8\n"                                                                                       \
    "add r10, r10, r1\n"                                                                                             \
    "strd r10, r12, [sp, #4]\n"                                                                                      \
    "mov r3, r2\n"                                                                                                   \
    "mov r4, r2\n"                                                                                                   \
    "mov r5, r2\n"                                                                                                   \
    "mov r7, r6\n"                                                                                                   \
    "mov r8, r6\n"                                                                                                   \
    "mov r9, r6\n"                                                                                                   \
    "bx r11\n"                                                                                                       \
    ".p2align 2\n"                                                                                                   \
    "2:\n"                                                                                                           \
    ".rept 16\n" TC_CONV_STEP ".endr\n"                                                                              \
    "ldr r10, [sp, #4]\n"                                                                                            \
    "cmp r1, r10\n"                                                                                                  \
    "bne 2b\n"                                                                                                       \
    "ldr r0, [sp, #8]\n"                                                                                             \
    "ldm r0!, {r10, r11, r12}\n"

/* Last pixel first: pixels that are not there lie where one that is will be written. */
#define TC_CONV_BLOCK_END           \
    "str r0, [sp, #8]\n"            \
    "ldr lr, [sp]\n"                \
    "ldm lr, {r0, r10, r11, r12}\n" \
    "strb r5, [r12], #1\n"          \
    "strb r9, [r12], #1\n"          \
    "strb r4, [r11], #1\n"          \
    "strb r8, [r11], #1\n"          \
    "strb r3, [r10], #1\n"          \
    "strb r7, [r10], #1\n"          \
    "strb r2, [r0], #1\n"           \
    "strb r6, [r0], #1\n"           \
    "stm lr, {r0, r10, r11, r12}\n" \
    "ldr r0, [sp, #24]\n"           \
    "subs r0, r0, #1\n"             \
    "str r0, [sp, #24]\n"           \
    "bne 1b\n"                      \
    "add sp, sp, #28\n"             \
    "pop {r4-r11, pc}\n"

#define TC_CONV_BLOCK(name, FINISH)                                                                                    \
    static TC_NOINLINE __attribute__((naked)) void name(tc_conv_job *job __attribute__((unused))) {                    \
        __asm__ volatile(TC_CONV_BLOCK_BEGIN FINISH("r2") FINISH("r3") FINISH("r4") FINISH(                            \
            "r5") "ldm r0!, {r10, r11, r12}\n" FINISH("r6") FINISH("r7") FINISH("r8") FINISH("r9") TC_CONV_BLOCK_END); \
    }

#else

static TC_INLINE void tc_conv_block_twin(tc_conv_job *job) {
    const int8_t *w = job->weights;
    const int32_t *channels = job->channels;
    for (int32_t pair = job->channel_pairs; pair > 0; pair--, channels += 8) {
        const uint32_t *values = job->values;
        int32_t a[4];
        int32_t b[4];
        for (int i = 0; i < 4; i++) {
            a[i] = channels[0];
            b[i] = channels[1];
        }
        for (const int8_t *end = w + job->depth_bytes; w != end; w += 4) {
            const uint32_t word = tc_load32(w);
            for (int i = 0; i < 4; i++, values++) {
                a[i] = tc_smlad(*values, tc_sxtb16(word), a[i]);
                b[i] = tc_smlad(*values, tc_sxtb16_odd(word), b[i]);
            }
        }
        for (int i = 3; i >= 0; i--) {
            *job->out[i]++ = tc_fast_finish(a[i], channels + 1);
            *job->out[i]++ = tc_fast_finish(b[i], channels + 4);
        }
    }
}

#define TC_CONV_BLOCK(name, FINISH)                  \
    static TC_NOINLINE void name(tc_conv_job *job) { \
        tc_conv_block_twin(job);                     \
    }

#endif

/* The last channel where their number is odd: its weights are pairs of values, [A.k, A.l]. */
static TC_INLINE void tc_conv_last_channel(const tc_conv_job *job, const int8_t *w, const int32_t *channel,
                                           int32_t depth_pairs) {
    int32_t sum[4];
    const uint32_t *values = job->values;
    for (int i = 0; i < 4; i++) {
        sum[i] = channel[0];
    }
    for (int32_t k = 0; k < depth_pairs; k++, w += 2) {
        const uint32_t pair = tc_pack16(w[0], w[1]);
        for (int i = 0; i < 4; i++, values++) {
            sum[i] = tc_smlad(*values, pair, sum[i]);
        }
    }
    for (int i = 3; i >= 0; i--) {
        *job->out[i] = tc_fast_finish(sum[i], channel);
    }
}

#endif

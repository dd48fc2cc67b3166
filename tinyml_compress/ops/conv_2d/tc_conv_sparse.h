/* Sparse convolution: only weights that are not zero, each for eight pixels. */
#ifndef TC_CONV_SPARSE_H
#define TC_CONV_SPARSE_H

#include "tc_conv.h"
#include "tc_dsp.h"

/* What one call works on: four pixels of each of two strips, some channels. The assembly knows the offsets. */
typedef struct {
    const uint32_t *values;  /* 0: a value of strip A plus 2^23 times the same of strip B, four pixels side by side */
    const int32_t *channels; /* 4: per channel bias, multiplier, half, and what tc_sparse_flow gives */
    int8_t *a;               /* 8: the first pixel's channels; the others' follow `out_c` bytes apart */
    int8_t *b;               /* 12 */
    int32_t out_c;           /* 16 */
    int32_t left;            /* 20: channels */
    const int8_t *weights;   /* 24: per channel pairs of weights, as the block says */
} tc_sparse_job;

typedef void (*tc_sparse_block)(const tc_sparse_job *job);

/* A channel's shift, where its weights enter the rounds of eight pairs, and its pairs (1 to 4095). */
static TC_INLINE int32_t tc_sparse_flow(int32_t shift, int32_t pairs) {
    return (int32_t)((uint32_t)pairs << 20 | (uint32_t)((-pairs & 7) * 76 + 1) << 8 | (uint32_t)shift);
}

#if TC_DSP_ASM

/* Two weights for eight pixels: 16 products in 19 instructions of 4 bytes each; what unpacks them is the block's. One
 * SMLAL multiplies the values of two pixels, whose sums share an accumulator of 64 bits: A in its lowest 23, B above.
 */
#define TC_SPARSE_STEP(LOAD, STEP_1, WEIGHT_1, STEP_2, WEIGHT_2)                                             \
    LOAD STEP_1 "ldrd r10, r11, [r0]\n" WEIGHT_1 "smlal r2, r3, r10, lr\n"                                   \
                "smlal r4, r5, r11, lr\n"                                                                    \
                "ldrd r10, r11, [r0, #8]\n"                                                                  \
                "smlal r6, r7, r10, lr\n"                                                                    \
                "smlal r8, r9, r11, lr\n" STEP_2 "ldrd r10, r11, [r0]\n" WEIGHT_2 "smlal r2, r3, r10, r12\n" \
                "smlal r4, r5, r11, r12\n"                                                                   \
                "ldrd r10, r11, [r0, #8]\n"                                                                  \
                "smlal r6, r7, r10, r12\n"                                                                   \
                "smlal r8, r9, r11, r12\n"

/* Two sums become int8: 2^22 was added to A, so that B needs no carry. r10 is the multiplier, r11 half, r12 the shift
 * in its lowest byte. */
#define TC_SPARSE_FINISH(low, high)        \
    "lsr lr, " low ", #23\n"               \
    "orr " high ", lr, " high ", lsl #9\n" \
    "lsl " low ", " low ", #9\n"           \
    "sub " low ", " low ", #0x80000000\n"  \
    "asr " low ", " low ", #8\n"           \
    "add lr, r11, " high ", asr #31\n"     \
    "lsl " high ", " high ", #1\n"         \
    "smmlar " high ", " high ", r10, lr\n" \
    "add lr, r11, " low ", asr #31\n"      \
    "asr " high ", " high ", r12\n"        \
    "smmlar " low ", " low ", r10, lr\n"   \
    "ssat " high ", #8, " high "\n"        \
    "asr " low ", " low ", r12\n"          \
    "ssat " low ", #8, " low "\n"

/* Sums in r2-r9, the value in r0, weights in r1; END makes r10 of the pairs in r11. On the stack: values, channels, A,
 * B, bytes between pixels, channels left, end of this channel's weights. */
#define TC_SPARSE_TEXT(END, STEP)                                                                               \
    "push {r4-r11, lr}\n"                                                                                       \
    "sub sp, sp, #28\n"                                                                                         \
    "ldm r0, {r1, r2, r3, r4, r5, r6, r7}\n"                                                                    \
    "strd r1, r2, [sp]\n"                                                                                       \
    "strd r3, r4, [sp, #8]\n"                                                                                   \
    "strd r5, r6, [sp, #16]\n"                                                                                  \
    "mov r1, r7\n"                                                                                              \
    "1:\n"                                                                                                      \
    "ldrd r0, r12, [sp]\n"                                                                                      \
    "ldr r11, [r12, #12]\n"                                                                                     \
    "ldr r12, [r12]\n" END "str r10, [sp, #24]\n"                                                               \
    "ubfx r11, r11, #8, #10\n"                                                                                  \
    "adr r10, 2f\n"                                                                                             \
    "add r11, r11, r10\n"                                                                                       \
    "add r10, r12, #0x400000\n"                                                                                 \
    "adds r2, r10, r12, lsl #23\n"                                                                              \
    "asr r3, r12, #9\n"                                                                                         \
    "adc r3, r3, #0\n"                                                                                          \
    "mov r4, r2\n"                                                                                              \
    "mov r5, r3\n"                                                                                              \
    "mov r6, r2\n"                                                                                              \
    "mov r7, r3\n"                                                                                              \
    "mov r8, r2\n"                                                                                              \
    "mov r9, r3\n"                                                                                              \
    "bx r11\n"                                                                                                  \
    ".p2align 2\n"                                                                                              \
    "2:\n"                                                                                                      \
    ".rept 8\n" STEP ".endr\n"                                                                                  \
    "ldr r10, [sp, #24]\n"                                                                                      \
    "cmp r1, r10\n"                                                                                             \
    "bne 2b\n"                                                                                                  \
    "ldr r0, [sp, #4]\n"                                                                                        \
    "adds r0, r0, #4\n"                                                                                         \
    "ldm r0!, {r10, r11, r12}\n"                                                                                \
    "str r0, [sp, #4]\n" TC_SPARSE_FINISH("r2", "r3") TC_SPARSE_FINISH("r4", "r5") TC_SPARSE_FINISH("r6", "r7") \
        TC_SPARSE_FINISH("r8", "r9") "ldrd r0, r10, [sp, #8]\n"                                                 \
                                     "ldr r11, [sp, #16]\n"                                                     \
                                     "add r12, r0, r11, lsl #1\n"                                               \
                                     "strb r4, [r0, r11]\n"                                                     \
                                     "strb r2, [r0], #1\n"                                                      \
                                     "strb r6, [r12]\n"                                                         \
                                     "strb r8, [r12, r11]\n"                                                    \
                                     "add r12, r10, r11, lsl #1\n"                                              \
                                     "strb r5, [r10, r11]\n"                                                    \
                                     "strb r3, [r10], #1\n"                                                     \
                                     "strb r7, [r12]\n"                                                         \
                                     "strb r9, [r12, r11]\n"                                                    \
                                     "strd r0, r10, [sp, #8]\n"                                                 \
                                     "ldr r0, [sp, #20]\n"                                                      \
                                     "subs r0, r0, #1\n"                                                        \
                                     "str r0, [sp, #20]\n"                                                      \
                                     "bne 1b\n"                                                                 \
                                     "add sp, sp, #28\n"                                                        \
                                     "pop {r4-r11, pc}\n"

#endif

/* The same in plain C; how a pair lies is the caller's. */
static TC_INLINE void tc_sparse_twin(const tc_sparse_job *job, int32_t bytes,
                                     void (*pair)(const uint8_t *from, int32_t step[2], int32_t weight[2])) {
    const uint8_t *stream = (const uint8_t *)job->weights;
    for (int32_t c = 0; c < job->left; c++) {
        const int32_t *channel = job->channels + 4 * c;
        const uint32_t flow = (uint32_t)channel[3];
        const int32_t fast[4] = {channel[0], channel[1], channel[2], (int32_t)(flow & 0xffu)};
        const uint32_t *value = job->values;
        int32_t a[4];
        int32_t b[4];
        for (int i = 0; i < 4; i++) {
            a[i] = b[i] = fast[0];
        }
        for (uint32_t n = flow >> 20; n > 0; n--, stream += bytes) {
            int32_t step[2];
            int32_t weight[2];
            pair(stream, step, weight);
            for (int k = 0; k < 2; k++) {
                value += step[k];
                for (int i = 0; i < 4; i++) {
                    const int32_t low = (int8_t)(uint8_t)value[i];
                    a[i] += low * weight[k];
                    b[i] += (int8_t)(uint8_t)((value[i] - (uint32_t)low) >> 23) * weight[k];
                }
            }
        }
        for (int i = 0; i < 4; i++) {
            job->a[c + i * job->out_c] = tc_fast_finish(a[i], fast);
            job->b[c + i * job->out_c] = tc_fast_finish(b[i], fast);
        }
    }
}

#endif

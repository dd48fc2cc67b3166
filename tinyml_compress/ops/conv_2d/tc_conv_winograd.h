/* Convolution 3x3 at stride 1 by F(2,3) along rows: two neighbouring outputs from four columns with four products in
 * place of six. With columns d0..d3 and taps g0..g2 of one kernel row and channel, 2 y0 = (d0 - d2)(2 g0) + (d1 +
 * d2)(g0 + g1 + g2) + (d2 - d1)(g0 - g1 + g2) 2 y1 = (d1 + d2)(g0 + g1 + g2) - (d2 - d1)(g0 - g1 + g2) + (d1 - d3)(-2
 * g2) in whole numbers; both sides sum over kernel rows and channels, and requantization takes the doubled sum as it
 * is. Columns outside the image hold the zero point, which the bias expects. Input channels come in eights, output
 * columns in twos. Scratch: 96 bytes per input channel, channel parameters where these are packed, one pixel of zero
 * points. Output may run over input that no later block of eight pixels reads. */
#ifndef TC_CONV_WINOGRAD_H
#define TC_CONV_WINOGRAD_H

#include "tc_conv_pixels.h"

/* What one call works on: four pairs of pixels, all pairs of channels. The assembly knows the offsets. */
typedef struct {
    int8_t *first[4];        /* 0: where the first pixel of each pair goes; advanced */
    int8_t *second[4];       /* 16 */
    const uint32_t *values;  /* 32: transformed columns, pairs of channels, the four pairs of pixels side by side */
    const int16_t *weights;  /* 36: per pair of channels the transformed taps */
    const int32_t *channels; /* 40 */
    int32_t channel_pairs;   /* 44 */
    int32_t phase_bytes;     /* 48: weight bytes of one of the four products of a pair of channels */
} tc_winograd_job;

typedef void (*tc_winograd_block)(tc_winograd_job *);

#if TC_DSP_ASM

/* A doubled sum becomes an int8; r10 is the multiplier, r11 half, r12 the shift. */
#define TC_WINOGRAD_FINISH        \
    "add lr, r11, \\x, asr #31\n" \
    "smmlar \\x, \\x, r10, lr\n"  \
    "asr \\x, \\x, r12\n"         \
    "ssat \\x, #8, \\x\n"

/* The same where the zero point is -128: whatever is negative saturates, so that its ties do not matter. */
#define TC_WINOGRAD_FINISH_RELU   \
    "smmlar \\x, \\x, r10, r11\n" \
    "asr \\x, \\x, r12\n"         \
    "ssat \\x, #8, \\x\n"

/* Sums in r2-r9, values in r0, weights in r1. On the stack: job, end of this product's weights, channels, values, bytes
 * of a product, where to go on after it, pairs left, eight sums. The products come in the order of the second (from the
 * bias on), the third (from 0 on; their sum and difference start what follows), the fourth, the first. */
#define TC_WINOGRAD_TEXT(FINISH)                 \
    "push {r4-r11, lr}\n"                        \
    "sub sp, sp, #60\n"                          \
    "str r0, [sp]\n"                             \
    "ldr r1, [r0, #36]\n"                        \
    "ldr r2, [r0, #40]\n"                        \
    "ldr r3, [r0, #32]\n"                        \
    "strd r2, r3, [sp, #8]\n"                    \
    "ldrd r2, r3, [r0, #44]\n"                   \
    "str r2, [sp, #24]\n"                        \
    "str r3, [sp, #16]\n"                        \
    "1:\n"                                       \
    "ldrd r12, r0, [sp, #8]\n"                   \
    "ldrd r2, r6, [r12]\n"                       \
    "lsl r2, r2, #1\n"                           \
    "lsl r6, r6, #1\n"                           \
    "mov r3, r2\n"                               \
    "mov r4, r2\n"                               \
    "mov r5, r2\n"                               \
    "mov r7, r6\n"                               \
    "mov r8, r6\n"                               \
    "mov r9, r6\n"                               \
    "adr r11, 3f\n"                              \
    "b 9f\n"                                     \
    ".p2align 2\n"                               \
    "3:\n"                                       \
    "add lr, sp, #28\n"                          \
    "stm lr, {r2, r3, r4, r5, r6, r7, r8, r9}\n" \
    "movs r2, #0\n"                              \
    "movs r3, #0\n"                              \
    "movs r4, #0\n"                              \
    "movs r5, #0\n"                              \
    "movs r6, #0\n"                              \
    "movs r7, #0\n"                              \
    "mov r8, r2\n"                               \
    "mov r9, r2\n"                               \
    "adr r11, 4f\n"                              \
    "b 9f\n"                                     \
    ".p2align 2\n"                               \
    "4:\n"                                       \
    "ldrd r10, r11, [sp, #28]\n"                 \
    "add r12, r10, r2\n"                         \
    "add lr, r11, r3\n"                          \
    "sub r2, r10, r2\n"                          \
    "sub r3, r11, r3\n"                          \
    "strd r12, lr, [sp, #28]\n"                  \
    "ldrd r10, r11, [sp, #36]\n"                 \
    "add r12, r10, r4\n"                         \
    "add lr, r11, r5\n"                          \
    "sub r4, r10, r4\n"                          \
    "sub r5, r11, r5\n"                          \
    "strd r12, lr, [sp, #36]\n"                  \
    "ldrd r10, r11, [sp, #44]\n"                 \
    "add r12, r10, r6\n"                         \
    "add lr, r11, r7\n"                          \
    "sub r6, r10, r6\n"                          \
    "sub r7, r11, r7\n"                          \
    "strd r12, lr, [sp, #44]\n"                  \
    "ldrd r10, r11, [sp, #52]\n"                 \
    "add r12, r10, r8\n"                         \
    "add lr, r11, r9\n"                          \
    "sub r8, r10, r8\n"                          \
    "sub r9, r11, r9\n"                          \
    "strd r12, lr, [sp, #52]\n"                  \
    "adr r11, 5f\n"                              \
    "b 9f\n"                                     \
    ".p2align 2\n"                               \
    "5:\n"                                       \
    "ldr lr, [sp, #8]\n"                         \
    "ldrd r10, r11, [lr, #8]\n"                  \
    "ldr r12, [lr, #16]\n"                       \
    ".irp x, r2, r3, r4, r5\n" FINISH ".endr\n"  \
    "ldr lr, [sp, #8]\n"                         \
    "ldrd r10, r11, [lr, #20]\n"                 \
    "ldr r12, [lr, #28]\n"                       \
    ".irp x, r6, r7, r8, r9\n" FINISH ".endr\n"  \
    "ldr lr, [sp]\n"                             \
    "ldrd r10, r11, [lr, #24]\n"                 \
    "strb r5, [r11], #1\n"                       \
    "strb r9, [r11], #1\n"                       \
    "strb r4, [r10], #1\n"                       \
    "strb r8, [r10], #1\n"                       \
    "strd r10, r11, [lr, #24]\n"                 \
    "ldrd r10, r11, [lr, #16]\n"                 \
    "strb r3, [r11], #1\n"                       \
    "strb r7, [r11], #1\n"                       \
    "strb r2, [r10], #1\n"                       \
    "strb r6, [r10], #1\n"                       \
    "strd r10, r11, [lr, #16]\n"                 \
    "add lr, sp, #28\n"                          \
    "ldm lr, {r2, r3, r4, r5, r6, r7, r8, r9}\n" \
    "adr r11, 6f\n"                              \
    "b 9f\n"                                     \
    ".p2align 2\n"                               \
    "6:\n"                                       \
    "ldr lr, [sp, #8]\n"                         \
    "ldrd r10, r11, [lr, #8]\n"                  \
    "ldr r12, [lr, #16]\n"                       \
    ".irp x, r2, r3, r4, r5\n" FINISH ".endr\n"  \
    "ldr lr, [sp, #8]\n"                         \
    "ldrd r10, r11, [lr, #20]\n"                 \
    "ldr r12, [lr, #28]\n"                       \
    ".irp x, r6, r7, r8, r9\n" FINISH ".endr\n"  \
    "ldr lr, [sp]\n"                             \
    "ldrd r10, r11, [lr, #8]\n"                  \
    "strb r5, [r11], #1\n"                       \
    "strb r9, [r11], #1\n"                       \
    "strb r4, [r10], #1\n"                       \
    "strb r8, [r10], #1\n"                       \
    "strd r10, r11, [lr, #8]\n"                  \
    "ldrd r10, r11, [lr, #0]\n"                  \
    "strb r3, [r11], #1\n"                       \
    "strb r7, [r11], #1\n"                       \
    "strb r2, [r10], #1\n"                       \
    "strb r6, [r10], #1\n"                       \
    "strd r10, r11, [lr, #0]\n"                  \
    "ldr r10, [sp, #8]\n"                        \
    "add r10, r10, #32\n"                        \
    "str r10, [sp, #8]\n"                        \
    "ldr r10, [sp, #24]\n"                       \
    "subs r10, r10, #1\n"                        \
    "str r10, [sp, #24]\n"                       \
    "bne 1b\n"                                   \
    "add sp, sp, #60\n"                          \
    "pop {r4-r11, pc}\n"                         \
    "9:\n"                                       \
    "orr r11, r11, #1\n"                         \
    "ldr r10, [sp, #16]\n"                       \
    "str r11, [sp, #20]\n"                       \
    "add r10, r10, r1\n"                         \
    "str r10, [sp, #4]\n"                        \
    "8:\n"                                       \
    ".rept 12\n"                                 \
    "ldrd r12, lr, [r1], #8\n"                   \
    "ldrd r10, r11, [r0], #8\n"                  \
    "smlad r2, r10, r12, r2\n"                   \
    "smlad r6, r10, lr, r6\n"                    \
    "smlad r3, r11, r12, r3\n"                   \
    "smlad r7, r11, lr, r7\n"                    \
    "ldrd r10, r11, [r0], #8\n"                  \
    "smlad r4, r10, r12, r4\n"                   \
    "smlad r8, r10, lr, r8\n"                    \
    "smlad r5, r11, r12, r5\n"                   \
    "smlad r9, r11, lr, r9\n"                    \
    ".endr\n"                                    \
    "ldr r10, [sp, #4]\n"                        \
    "cmp r1, r10\n"                              \
    "bne 8b\n"                                   \
    "ldr r10, [sp, #20]\n"                       \
    "bx r10\n"

#define TC_WINOGRAD_BLOCK(name, FINISH)                                                                 \
    static TC_NOINLINE __attribute__((naked)) void name(tc_winograd_job *job __attribute__((unused))) { \
        __asm__ volatile(TC_WINOGRAD_TEXT(FINISH));                                                     \
    }

#else

static TC_INLINE int8_t tc_winograd_finish(int32_t doubled, const int32_t *fast) {
    return tc_ssat8(tc_smmlar(doubled, fast[1], fast[2] + (doubled >> 31)) >> fast[3]);
}

static TC_INLINE void tc_winograd_twin(tc_winograd_job *job) {
    const int16_t *w = job->weights;
    const int32_t *channels = job->channels;
    const int32_t pairs = job->phase_bytes / 8;
    for (int32_t left = job->channel_pairs; left > 0; left--, channels += 8) {
        const uint32_t *values = job->values;
        int32_t sums[4][2][4];
        for (int phase = 0; phase < 4; phase++) {
            for (int c = 0; c < 2; c++) {
                for (int i = 0; i < 4; i++) {
                    sums[phase][c][i] = phase == 0 ? tc_add(channels[c], channels[c]) : 0;
                }
            }
            for (int32_t k = 0; k < pairs; k++, w += 4, values += 4) {
                for (int i = 0; i < 4; i++) {
                    sums[phase][0][i] = tc_smlad(values[i], tc_load32(w), sums[phase][0][i]);
                    sums[phase][1][i] = tc_smlad(values[i], tc_load32(w + 2), sums[phase][1][i]);
                }
            }
        }
        for (int i = 3; i >= 0; i--) {
            for (int c = 0; c < 2; c++) {
                const int32_t difference = tc_add(sums[0][c][i], (int32_t)(0u - (uint32_t)sums[1][c][i]));
                *job->second[i]++ = tc_winograd_finish(tc_add(difference, sums[2][c][i]), channels + 1 + 3 * c);
            }
        }
        for (int i = 3; i >= 0; i--) {
            for (int c = 0; c < 2; c++) {
                const int32_t sum = tc_add(sums[0][c][i], sums[1][c][i]);
                *job->first[i]++ = tc_winograd_finish(tc_add(sum, sums[3][c][i]), channels + 1 + 3 * c);
            }
        }
    }
}

#define TC_WINOGRAD_BLOCK(name, FINISH)                  \
    static TC_NOINLINE void name(tc_winograd_job *job) { \
        tc_winograd_twin(job);                           \
    }

#endif

/* Transforms the four columns of one pair of pixels for one kernel row; `to` is the second product's place, and
 * `product` the words from one product to the next. */
static TC_NOINLINE void tc_winograd_columns(const int8_t *const from[4], int32_t words, uint32_t *to, int32_t product) {
    for (int32_t w = 0; w < words; w++, to += 8) {
        uint32_t d[4];
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < 4; i++) {
                const uint32_t word = tc_load32(from[i] + 4 * w);
                d[i] = half == 0 ? tc_sxtb16(word) : tc_sxtb16_odd(word);
            }
            uint32_t *at = to + 4 * half;
            at[0] = tc_sadd16(d[1], d[2]);
            at[product] = tc_ssub16(d[2], d[1]);
            at[2 * product] = tc_ssub16(d[1], d[3]);
            at[3 * product] = tc_ssub16(d[0], d[2]);
        }
    }
}

static TC_INLINE void tc_conv_winograd(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch,
                                       tc_winograd_block block) {
    uint32_t *values = (uint32_t *)scratch;
    const int32_t words = p->window.in_c / 4;
    const int32_t product = 3 * words * 8; /* words of values */
    const int32_t line = p->window.in_w * p->window.in_c;
    int8_t *zeros;
    tc_winograd_job job;
    job.channels = tc_conv_channels(p, (int32_t *)scratch + 4 * product, &zeros);
    job.values = values;
    job.weights = (const int16_t *)p->weights;
    job.phase_bytes = 3 * p->window.in_c / 2 * 8;
    job.channel_pairs = p->window.out_c / 2;
    for (int32_t c = 0; c < p->window.in_c; c++) {
        zeros[c] = (int8_t)p->in_zero;
    }
    tc_conv_at at = {in, 0, 0};
    for (int32_t left = p->window.batch * p->window.out_h * p->window.out_w / 2; left > 0; left -= 4) {
        for (int32_t i = 0; i < 4; i++) {
            if (i >= left) { /* not there: lies where the first pair will be written */
                job.first[i] = job.first[0];
                job.second[i] = job.second[0];
                continue;
            }
            for (int32_t ky = 0; ky < 3; ky++) {
                const int8_t *from[4];
                const int32_t y = at.y - p->window.pad_top + ky;
                const int8_t *row = at.image + y * line;
                for (int32_t j = 0; j < 4; j++) {
                    const int32_t x = at.x - p->window.pad_left + j;
                    const int there = (uint32_t)y < (uint32_t)p->window.in_h && (uint32_t)x < (uint32_t)p->window.in_w;
                    from[j] = there ? row + x * p->window.in_c : zeros;
                }
                tc_winograd_columns(from, words, values + ky * words * 8 + i, product);
            }
            tc_conv_next(p, &at);
            tc_conv_next(p, &at);
            job.first[i] = out;
            job.second[i] = out + p->window.out_c;
            out += 2 * p->window.out_c;
        }
        block(&job);
    }
}

#endif

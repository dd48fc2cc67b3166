/* The inner block of the DSP convolution in another form: two pixels times all output channels, four at a time; the
 * four pixels of a block come in two goes. A halfword of weights is 256 a + b, a of one channel and b of the next:
 * SMLAD of the words sums 256 A + B, that of their lower bytes, which SXTB16 extends, B alone. Their difference is
 * 256 A, exactly, whatever wrapped on the way, as the generator has proven |A| < 2^23. Biases are doubled. */
#ifndef TC_CONV_QUADS_H
#define TC_CONV_QUADS_H

#include "tc_conv_block.h"

/* The assembly knows the offsets. */
typedef struct {
    int8_t *out[2];          /* 0: where each pixel's channels go */
    const int32_t *channels; /* 8 */
    const uint32_t *values;  /* 12: pairs of values, 16 bytes from one to the next */
    const int8_t *weights;   /* 16 */
    int32_t bytes;           /* 20: weight bytes of four channels */
    int32_t quads;           /* 24 */
} tc_conv_two;

#if TC_DSP_ASM

/* One pair of values of two pixels and four channels: 16 products in 12 instructions of 4 bytes each, or in eight times
 * two, the last of them with the next step's loads. A step then begins with the last two products of the one before. */
#if TC_DUAL_ISSUE
#define TC_CONV_QUADS_STEP_BYTES "52"
#define TC_CONV_QUADS_STEP       \
    "ldr r12, [r1], #8\n"        \
    "smlad r7, lr, r10, r7\n"    \
    "smlad r9, lr, r11, r9\n"    \
    "ldrd r10, r11, [r0], #16\n" \
    "smlad r2, r12, r10, r2\n"   \
    "ldr lr, [r1, #-4]\n"        \
    "smlad r4, r12, r11, r4\n"   \
    "sxtb16 r12, r12\n"          \
    "smlad r6, lr, r10, r6\n"    \
    "smlad r8, lr, r11, r8\n"    \
    "sxtb16 lr, lr\n"            \
    "smlad r3, r12, r10, r3\n"   \
    "smlad r5, r12, r11, r5\n"
#define TC_CONV_QUADS_FIRST_LAST \
    "movs r7, #0\n"              \
    "mov r9, #0\n"
#define TC_CONV_QUADS_LAST    \
    "smlad r7, lr, r10, r7\n" \
    "smlad r9, lr, r11, r9\n"
#else
#define TC_CONV_QUADS_STEP_BYTES "48"
#define TC_CONV_QUADS_STEP       \
    "ldrd r10, r11, [r0], #16\n" \
    "ldrd r12, lr, [r1], #8\n"   \
    "smlad r2, r12, r10, r2\n"   \
    "smlad r4, r12, r11, r4\n"   \
    "sxtb16 r12, r12\n"          \
    "smlad r6, lr, r10, r6\n"    \
    "smlad r8, lr, r11, r8\n"    \
    "sxtb16 lr, lr\n"            \
    "smlad r3, r12, r10, r3\n"   \
    "smlad r5, r12, r11, r5\n"   \
    "smlad r7, lr, r10, r7\n"    \
    "smlad r9, lr, r11, r9\n"
#define TC_CONV_QUADS_FIRST_LAST \
    "smuad r7, lr, r10\n"        \
    "smuad r9, lr, r11\n"
#define TC_CONV_QUADS_LAST ""
#endif

/* Two doubled accumulators become int8; r10 is the multiplier, r11 half, r12 the shift. */
#define TC_CONV_QUADS_SHIFT(x, y) \
    "asr " x ", " x ", r12\n"     \
    "asr " y ", " y ", r12\n"     \
    "ssat " x ", #8, " x "\n"     \
    "ssat " y ", #8, " y "\n"
#define TC_CONV_QUADS_FINISH(x, y)         \
    TC_LOAD3_ON("r0", "r10", "r11", "r12") \
    "add lr, r11, " x ", asr #31\n"        \
    "add r11, r11, " y ", asr #31\n"       \
    "smmlar " x ", " x ", r10, lr\n"       \
    "smmlar " y ", " y ", r10, r11\n" TC_CONV_QUADS_SHIFT(x, y)

/* The same where the zero point is -128: whatever is negative saturates, so that its ties do not matter. */
#define TC_CONV_QUADS_FINISH_RELU(x, y)    \
    TC_LOAD3_ON("r0", "r10", "r11", "r12") \
    "smmlar " x ", " x ", r10, r11\n"      \
    "smmlar " y ", " y ", r10, r11\n" TC_CONV_QUADS_SHIFT(x, y)

/* Two channels of two pixels: of each 256 A + B and B become A and B, doubled. */
#define TC_CONV_QUADS_PART(a0, b0, a1, b1) \
    "ldrd r10, r11, [r0], #8\n"            \
    "sub " a0 ", " a0 ", " b0 "\n"         \
    "sub " a1 ", " a1 ", " b1 "\n"         \
    "add " b0 ", r11, " b0 ", lsl #1\n"    \
    "add " a0 ", r10, " a0 ", asr #7\n"    \
    "add " b1 ", r11, " b1 ", lsl #1\n"    \
    "add " a1 ", r10, " a1 ", asr #7\n"

/* The first pair starts the sums. */
#define TC_CONV_QUADS_FIRST      \
    "ldrd r10, r11, [r0], #16\n" \
    "ldrd r12, lr, [r1], #8\n"   \
    "smuad r2, r12, r10\n"       \
    "smuad r4, r12, r11\n"       \
    "sxtb16 r12, r12\n"          \
    "smuad r6, lr, r10\n"        \
    "smuad r8, lr, r11\n"        \
    "sxtb16 lr, lr\n"            \
    "smuad r3, r12, r10\n"       \
    "smuad r5, r12, r11\n" TC_CONV_QUADS_FIRST_LAST

/* On the stack: end of this quad's weights, entry, values, their bytes, channels, end of these, places of the outputs.
 * The first round of the loop enters it so that the last ends it. */
#define TC_CONV_QUADS_BEGIN                                     \
    "push {r4-r11, lr}\n"                                       \
    "sub sp, sp, #32\n"                                         \
    "ldm r0, {r6, r7, r8, r9}\n"                                \
    "ldrd r1, r4, [r0, #16]\n"                                  \
    "ldr r5, [r0, #24]\n"                                       \
    "strd r9, r4, [sp, #8]\n"                                   \
    "add r5, r8, r5, lsl #6\n"                                  \
    "strd r8, r5, [sp, #16]\n"                                  \
    "strd r6, r7, [sp, #24]\n"                                  \
    "lsr r2, r4, #3\n"                                          \
    "rsb r2, r2, #1\n"                                          \
    "and r2, r2, #15\n"                                         \
    "movs r3, #" TC_CONV_QUADS_STEP_BYTES "\n"                  \
    "mul r2, r2, r3\n"                                          \
    "adr r3, 2f\n"                                              \
    "add r2, r2, r3\n"                                          \
    "orr r2, r2, #1\n"                                          \
    "str r2, [sp, #4]\n"                                        \
    "1:\n"                                                      \
    "ldrd r0, r12, [sp, #8]\n"                                  \
    "add r12, r12, r1\n"                                        \
    "str r12, [sp]\n" TC_CONV_QUADS_FIRST "ldr r12, [sp, #4]\n" \
    "bx r12\n"                                                  \
    ".p2align 2\n"                                              \
    "2:\n"                                                      \
    ".rept 16\n" TC_CONV_QUADS_STEP ".endr\n"                   \
    "ldr r12, [sp]\n"                                           \
    "cmp r1, r12\n"                                             \
    "bne 2b\n" TC_CONV_QUADS_LAST "ldr r0, [sp, #16]\n"

/* The second pixel's bytes first: where it is not there, they lie where the first's will be written. */
#define TC_CONV_QUADS_END        \
    "ldrd r10, r11, [sp, #24]\n" \
    "strb r4, [r11], #1\n"       \
    "strb r2, [r10], #1\n"       \
    "strb r5, [r11], #1\n"       \
    "strb r3, [r10], #1\n"       \
    "strb r8, [r11], #1\n"       \
    "strb r6, [r10], #1\n"       \
    "strb r9, [r11], #1\n"       \
    "strb r7, [r10], #1\n"       \
    "ldr r12, [sp, #20]\n"       \
    "strd r10, r11, [sp, #24]\n" \
    "str r0, [sp, #16]\n"        \
    "cmp r0, r12\n"              \
    "bne 1b\n"                   \
    "add sp, sp, #32\n"          \
    "pop {r4-r11, pc}\n"

#define TC_CONV_QUADS_TWO(name, FINISH)                                                                       \
    static TC_NOINLINE __attribute__((naked)) void name(tc_conv_two *job __attribute__((unused))) {           \
        __asm__ volatile(TC_CONV_QUADS_BEGIN TC_CONV_QUADS_PART("r2", "r3", "r4", "r5") FINISH("r2", "r4")    \
                             FINISH("r3", "r5") TC_CONV_QUADS_PART("r6", "r7", "r8", "r9") FINISH("r6", "r8") \
                                 FINISH("r7", "r9") TC_CONV_QUADS_END);                                       \
    }

#else

static TC_INLINE int8_t tc_conv_quads_finish(int32_t doubled, const int32_t *fast) {
    return tc_ssat8(tc_smmlar(doubled, fast[0], fast[1] + (doubled >> 31)) >> fast[2]);
}

static TC_INLINE void tc_conv_quads_twin(tc_conv_two *job) {
    const int8_t *w = job->weights;
    const int32_t *channels = job->channels;
    for (int32_t quad = job->quads; quad > 0; quad--, channels += 16) {
        const uint32_t *values = job->values;
        int32_t both[4] = {0, 0, 0, 0};
        int32_t second[4] = {0, 0, 0, 0};
        for (const int8_t *end = w + job->bytes; w != end; w += 8, values += 4) {
            for (int i = 0; i < 4; i++) {
                const uint32_t word = tc_load32(w + i % 2 * 4);
                both[i] = tc_smlad(word, values[i / 2], both[i]);
                second[i] = tc_smlad(tc_sxtb16(word), values[i / 2], second[i]);
            }
        }
        for (int i = 3; i >= 0; i--) {
            const int32_t *fast = channels + i % 2 * 8;
            const int32_t first = (int32_t)((uint32_t)both[i] - (uint32_t)second[i]) >> 7;
            int8_t *out = job->out[i / 2] + i % 2 * 2;
            out[0] = tc_conv_quads_finish(tc_add(fast[0], first), fast + 2);
            out[1] = tc_conv_quads_finish(tc_add(fast[1], tc_add(second[i], second[i])), fast + 5);
        }
        job->out[0] += 4;
        job->out[1] += 4;
    }
}

#define TC_CONV_QUADS_TWO(name, FINISH)              \
    static TC_NOINLINE void name(tc_conv_two *job) { \
        tc_conv_quads_twin(job);                     \
    }

#endif

/* Four pixels; those that are not there lie where the first is. */
#define TC_CONV_QUADS(name, two, FINISH)                                                              \
    TC_CONV_QUADS_TWO(two, FINISH)                                                                    \
    static TC_NOINLINE void name(tc_conv_job *job) {                                                  \
        int8_t *const first = job->out[0];                                                            \
        for (int i = 0; i < 4 && (i == 0 || job->out[i] != first); i += 2) {                          \
            int8_t *const second = job->out[i + 1] == first ? job->out[i] : job->out[i + 1];          \
            tc_conv_two half = {{job->out[i], second}, job->channels,        job->values + i,         \
                                job->weights,          2 * job->depth_bytes, job->channel_pairs / 2}; \
            two(&half);                                                                               \
        }                                                                                             \
    }

#endif

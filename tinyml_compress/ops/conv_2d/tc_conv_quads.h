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
    int8_t *more[2];         /* 28: `out` of the block's other two pixels, or nowhere */
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
#define TC_CONV_QUADS_ROUND   \
    "ldr r12, [sp, #16]\n"    \
    "cmp r1, r12\n"           \
    "bne 2b\n"                \
    "smlad r7, lr, r10, r7\n" \
    "ldr r0, [sp, #12]\n"     \
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
#define TC_CONV_QUADS_ROUND      \
    "ldrd r11, r12, [sp, #12]\n" \
    "cmp r1, r12\n"              \
    "bne 2b\n"                   \
    "mov r0, r11\n"
#endif

/* Two channels of two pixels: of each 256 A + B and B become A and B, doubled, then int8. Of the channels' parameters
 * four at a time are loaded: biases, multiplier and half of the first; its shift, multiplier, half and shift of the
 * second. */
#define TC_CONV_QUADS_FINISH(a0, b0, a1, b1)                                         \
    TC_LOAD4_ON("r0", "r10", "r11", "r12", "lr")                                     \
    "sub " a0 ", " a0 ", " b0 "\n"                                                   \
    "sub " a1 ", " a1 ", " b1 "\n"                                                   \
    "add " b0 ", r11, " b0 ", lsl #1\n"                                              \
    "add " a0 ", r10, " a0 ", asr #7\n"                                              \
    "add " b1 ", r11, " b1 ", lsl #1\n"                                              \
    "add " a1 ", r10, " a1 ", asr #7\n"                                              \
    "add r10, lr, " a0 ", asr #31\n"                                                 \
    "add r11, lr, " a1 ", asr #31\n"                                                 \
    "smmlar " a0 ", " a0 ", r12, r10\n"                                              \
    "smmlar " a1 ", " a1 ", r12, r11\n" TC_LOAD4_ON("r0", "r10", "r11", "r12", "lr") \
        TC_CONV_QUADS_SHIFT(a0, a1, "r10") "add r10, r12, " b0 ", asr #31\n"         \
                                           "add r12, r12, " b1 ", asr #31\n"         \
                                           "smmlar " b0 ", " b0 ", r11, r10\n"       \
                                           "smmlar " b1 ", " b1 ", r11, r12\n" TC_CONV_QUADS_SHIFT(b0, b1, "lr")
#define TC_CONV_QUADS_SHIFT(x, y, shift) \
    "asr " x ", " x ", " shift "\n"      \
    "asr " y ", " y ", " shift "\n"      \
    "ssat " x ", #8, " x "\n"            \
    "ssat " y ", #8, " y "\n"

/* Where the zero point is -128 and the channels' parameters allow, sums are scaled so that all channels end with a
 * shift by 16 behind the high word: bias, and what 256 A and B are multiplied by, of both channels; multiplier and half
 * of each. */
#if TC_DUAL_ISSUE
#define TC_CONV_QUADS_SCALE(a0, b0, a1, b1) \
    "ldrd r10, r11, [r0]\n"                 \
    "ldrd r12, lr, [r0, #8]\n"              \
    "sub " a0 ", " a0 ", " b0 "\n"          \
    "mla " b0 ", " b0 ", lr, r11\n"         \
    "sub " a1 ", " a1 ", " b1 "\n"          \
    "mla " b1 ", " b1 ", lr, r11\n"         \
    "mla " a0 ", " a0 ", r12, r10\n"        \
    "ldrd r11, lr, [r0, #24]\n"             \
    "mla " a1 ", " a1 ", r12, r10\n"        \
    "ldrd r10, r12, [r0, #16]\n"            \
    "smmla " b0 ", " b0 ", r11, lr\n"       \
    "add r0, r0, #32\n"                     \
    "smmla " b1 ", " b1 ", r11, lr\n"       \
    "smmla " a0 ", " a0 ", r10, r12\n"      \
    "smmla " a1 ", " a1 ", r10, r12\n"
#else
#define TC_CONV_QUADS_SCALE(a0, b0, a1, b1)                                                                          \
    TC_LOAD4_ON("r0", "r10", "r11", "r12", "lr")                                                                     \
    "sub " a0 ", " a0 ", " b0 "\n"                                                                                   \
    "mla " b0 ", " b0 ", lr, r11\n"                                                                                  \
    "sub " a1 ", " a1 ", " b1 "\n"                                                                                   \
    "mla " b1 ", " b1 ", lr, r11\n"                                                                                  \
    "mla " a0 ", " a0 ", r12, r10\n"                                                                                 \
    "mla " a1 ", " a1 ", r12, r10\n" TC_LOAD4_ON("r0", "r10", "r11", "r12", "lr") "smmla " b0 ", " b0 ", r12, lr\n"  \
                                                                                  "smmla " b1 ", " b1 ", r12, lr\n"  \
                                                                                  "smmla " a0 ", " a0 ", r10, r11\n" \
                                                                                  "smmla " a1 ", " a1 ", r10, r11\n"
#endif

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

/* On the stack: places of the outputs, end of the channels, these, end of this quad's weights, entry, values, their
 * bytes, all weights, places of the other outputs, all channels. The first round of the loop enters it so that the last
 * ends it. */
#define TC_CONV_QUADS_BEGIN                                           \
    "push {r4-r11, lr}\n"                                             \
    "sub sp, sp, #48\n"                                               \
    "ldm r0, {r6, r7, r8, r9}\n"                                      \
    "ldrd r1, r4, [r0, #16]\n"                                        \
    "ldrd r2, r3, [r0, #28]\n"                                        \
    "ldr r5, [r0, #24]\n"                                             \
    "strd r9, r4, [sp, #24]\n"                                        \
    "add r5, r8, r5, lsl #6\n"                                        \
    "strd r5, r8, [sp, #8]\n"                                         \
    "strd r6, r7, [sp]\n"                                             \
    "str r1, [sp, #32]\n"                                             \
    "strd r2, r3, [sp, #36]\n"                                        \
    "str r8, [sp, #44]\n"                                             \
    "lsr r2, r4, #3\n"                                                \
    "rsb r2, r2, #1\n"                                                \
    "and r2, r2, #15\n"                                               \
    "movs r3, #" TC_CONV_QUADS_STEP_BYTES "\n"                        \
    "mul r2, r2, r3\n"                                                \
    "adr r3, 2f\n"                                                    \
    "add r2, r2, r3\n"                                                \
    "orr r2, r2, #1\n"                                                \
    "str r2, [sp, #20]\n"                                             \
    "1:\n"                                                            \
    "ldrd r0, r12, [sp, #24]\n"                                       \
    "add r12, r12, r1\n"                                              \
    "str r12, [sp, #16]\n" TC_CONV_QUADS_FIRST "ldr r12, [sp, #20]\n" \
    "bx r12\n"                                                        \
    ".p2align 2\n"                                                    \
    "2:\n"                                                            \
    ".rept 16\n" TC_CONV_QUADS_STEP ".endr\n" TC_CONV_QUADS_ROUND

/* The other two pixels' values lie behind those of the first two. */
#define TC_CONV_QUADS_AGAIN    \
    "bne 1b\n"                 \
    "ldrd r2, r3, [sp, #36]\n" \
    "ldr r4, [sp, #24]\n"      \
    "ldr r1, [sp, #32]\n"      \
    "ldr r5, [sp, #44]\n"      \
    "movs r6, #0\n"            \
    "adds r4, r4, #8\n"        \
    "str r6, [sp, #36]\n"      \
    "str r4, [sp, #24]\n"      \
    "str r5, [sp, #12]\n"      \
    "strd r2, r3, [sp]\n"      \
    "cmp r2, #0\n"             \
    "bne 1b\n"                 \
    "add sp, sp, #48\n"        \
    "pop {r4-r11, pc}\n"

/* The second pixel's bytes first: where it is not there, they lie where the first's will be written. */
#define TC_CONV_QUADS_END                  \
    TC_LOAD3_AT("sp", "r10", "r11", "r12") \
    "strb r4, [r11], #1\n"                 \
    "strb r2, [r10], #1\n"                 \
    "strb r5, [r11], #1\n"                 \
    "strb r3, [r10], #1\n"                 \
    "strb r8, [r11], #1\n"                 \
    "strb r6, [r10], #1\n"                 \
    "strb r9, [r11], #1\n"                 \
    "strb r7, [r10], #1\n"                 \
    "str r0, [sp, #12]\n"                  \
    "strd r10, r11, [sp]\n"                \
    "cmp r0, r12\n" TC_CONV_QUADS_AGAIN

/* The same of scaled sums, whose upper halves are the outputs plus 128: two at a time saturate. */
#define TC_CONV_QUADS_PAIR_OF(to, other) "pkhtb " to ", " other ", " to ", asr #16\n"
#define TC_CONV_QUADS_END_SCALED                                      \
    TC_LOAD3_AT("sp", "r10", "r11", "r12")                            \
    TC_CONV_QUADS_PAIR_OF("r3", "r7")                                 \
    TC_CONV_QUADS_PAIR_OF("r5", "r9")                                 \
    "str r0, [sp, #12]\n"                                             \
    "usat16 r3, #8, r3\n"                                             \
    "cmp r0, r12\n" TC_CONV_QUADS_PAIR_OF("r2", "r6")                 \
        TC_CONV_QUADS_PAIR_OF("r4", "r8") "usat16 r5, #8, r5\n"       \
                                          "usat16 r2, #8, r2\n"       \
                                          "usat16 r4, #8, r4\n"       \
                                          "orr r2, r2, r3, lsl #8\n"  \
                                          "orr r4, r4, r5, lsl #8\n"  \
                                          "eor r2, r2, #0x80808080\n" \
                                          "eor r4, r4, #0x80808080\n" \
                                          "str r4, [r11], #4\n"       \
                                          "str r2, [r10], #4\n"       \
                                          "strd r10, r11, [sp]\n" TC_CONV_QUADS_AGAIN

#define TC_CONV_QUADS_TWO(name, FINISH, END, take)                                                               \
    static TC_NOINLINE __attribute__((naked)) void name(tc_conv_two *job __attribute__((unused))) {              \
        __asm__ volatile(TC_CONV_QUADS_BEGIN FINISH("r2", "r3", "r4", "r5") FINISH("r6", "r7", "r8", "r9") END); \
    }

#else

static TC_INLINE int8_t tc_conv_quads_finish(int32_t doubled, const int32_t *fast) {
    return tc_ssat8(tc_smmlar(doubled, fast[0], fast[1] + (doubled >> 31)) >> fast[2]);
}

/* Two channels' bytes: `both` is 256 A + B. */
static TC_INLINE void tc_conv_quads_take(int32_t both, int32_t second, const int32_t *fast, int8_t *out) {
    const int32_t first = (int32_t)((uint32_t)both - (uint32_t)second) >> 7;
    out[0] = tc_conv_quads_finish(tc_add(fast[0], first), fast + 2);
    out[1] = tc_conv_quads_finish(tc_add(fast[1], tc_add(second, second)), fast + 5);
}

static TC_INLINE int8_t tc_conv_quads_scaled_end(uint32_t sum, int32_t scale, int32_t bias, const int32_t *fast) {
    const int32_t scaled = (int32_t)(sum * (uint32_t)scale + (uint32_t)bias);
    return (int8_t)(tc_clamp(tc_smmla(scaled, fast[0], fast[1]) >> 16, 0, 255) - 128);
}

static TC_INLINE void tc_conv_quads_take_scaled(int32_t both, int32_t second, const int32_t *fast, int8_t *out) {
    out[0] = tc_conv_quads_scaled_end((uint32_t)both - (uint32_t)second, fast[2], fast[0], fast + 4);
    out[1] = tc_conv_quads_scaled_end((uint32_t)second, fast[3], fast[1], fast + 6);
}

typedef void (*tc_conv_take)(int32_t, int32_t, const int32_t *, int8_t *);

static TC_INLINE void tc_conv_quads_pair(const tc_conv_two *job, const uint32_t *from, int8_t *const out[2],
                                         tc_conv_take take) {
    const int8_t *w = job->weights;
    const int32_t *channels = job->channels;
    for (int32_t quad = 0; quad < job->quads; quad++, channels += 16) {
        const uint32_t *values = from;
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
            take(both[i], second[i], channels + i % 2 * 8, out[i / 2] + 4 * quad + i % 2 * 2);
        }
    }
}

static TC_INLINE void tc_conv_quads_twin(const tc_conv_two *job, tc_conv_take take) {
    tc_conv_quads_pair(job, job->values, job->out, take);
    if (job->more[0] != 0) {
        tc_conv_quads_pair(job, job->values + 2, job->more, take);
    }
}

#define TC_CONV_QUADS_TWO(name, FINISH, END, take)   \
    static TC_NOINLINE void name(tc_conv_two *job) { \
        tc_conv_quads_twin(job, take);               \
    }

#endif

/* Four pixels; those that are not there lie where the first is. */
#define TC_CONV_QUADS(name, two, FINISH, END, take)      \
    TC_CONV_QUADS_TWO(two, FINISH, END, take)            \
    static void name(tc_conv_job *job) {                 \
        int8_t *const first = job->out[0];               \
        tc_conv_two twos = {{first, job->out[1]},        \
                            job->channels,               \
                            job->values,                 \
                            job->weights,                \
                            2 * job->depth_bytes,        \
                            job->channel_pairs / 2,      \
                            {job->out[2], job->out[3]}}; \
        if (twos.more[0] == first) {                     \
            twos.more[0] = 0;                            \
        } else if (twos.more[1] == first) {              \
            twos.more[1] = twos.more[0];                 \
        }                                                \
        two(&twos);                                      \
    }

#endif

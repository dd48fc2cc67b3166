/* Fully-connected layer on SMLAD, eight outputs at a time, in 12 multiplications and extensions for 16 products. A
 * halfword of weights is 256 a + b, a of one output and b of the next for the same input: SMLAD of the words sums
 * 256 A + B, that of their lower bytes, which SXTB16 extends, B alone. Their difference is 256 A, exactly, whatever
 * wrapped on the way, as the generator has proven |A| < 2^23. Of each eight outputs and four inputs (padded with zeros)
 * the weights are 32 bytes: per two outputs a word of inputs 0 and 2 and one of 1 and 3. A channel is {2 bias,
 * multiplier, half, shift}. Scratch: the input as 16-bit values, in the order that SXTB16 gives. */
#include "tc_dsp.h"
#include "tc_fc_widen.h"
#include "tc_fully_connected.h"

/* The assembly knows the offsets. */
typedef struct {
    int8_t *out;             /* 0: advanced */
    const int32_t *channels; /* 4: advanced */
    const uint32_t *values;  /* 8 */
    const int8_t *weights;   /* 12 */
    int32_t bytes;           /* 16: weight bytes of eight outputs, a multiple of 32 */
    int32_t octets;          /* 20: counted down */
    int32_t skipped;         /* 24: bytes of the loop's body that its first round leaves out */
} tc_fc_octets_job;

#define TC_FC_ROUND 4
#define TC_FC_OCTETS_CODE 116

#if TC_DSP_ASM

/* In pairs that a Cortex-M7 issues together. */
#define TC_FC_OCTETS_TWO(t, b, between) \
    "ldrd r12, lr, [r1], #8\n"          \
    "smlad " t ", r12, r10, " t "\n"    \
    "sxtb16 r12, r12\n"                 \
    "smlad " t ", lr, r11, " t "\n"     \
    "sxtb16 lr, lr\n"                   \
    "smlad " b ", r12, r10, " b "\n" between "smlad " b ", lr, r11, " b "\n"

/* 32 products in 29 instructions of 4 bytes each. */
#define TC_FC_OCTETS_STEP(between)                                                                \
    "ldrd r10, r11, [r0], #8\n" TC_FC_OCTETS_TWO("r2", "r3", "") TC_FC_OCTETS_TWO("r4", "r5", "") \
        TC_FC_OCTETS_TWO("r6", "r7", "") TC_FC_OCTETS_TWO("r8", "r9", between)

#define TC_FC_OCTETS_CHANNEL "ldm r0!, {r10, r11, r12, lr}\n"
#define TC_FC_OCTETS_SCALED(x)        \
    "smmlar " x ", " x ", r11, r12\n" \
    "asr " x ", " x ", lr\n"

/* Two outputs, 256 A in one and B in the other: the first is stored while the second is scaled. */
#define TC_FC_OCTETS_ENDS(t, b)                                                                       \
    TC_FC_OCTETS_CHANNEL "add " t ", r10, " t ", asr #7\n"                                            \
                         "add r12, r12, " t ", asr #31\n" TC_FC_OCTETS_SCALED(t) TC_FC_OCTETS_CHANNEL \
        "add " b ", r10, " b ", lsl #1\n"                                                             \
        "ssat " t ", #8, " t "\n"                                                                     \
        "add r12, r12, " b ", asr #31\n"                                                              \
        "strb " t ", [r1], #1\n" TC_FC_OCTETS_SCALED(b) "ssat " b ", #8, " b "\n"                     \
                                                        "strb " b ", [r1], #1\n"

static TC_NOINLINE __attribute__((naked)) void tc_fc_octets(tc_fc_octets_job *job __attribute__((unused))) {
    __asm__ volatile("push {r0, r4-r11, lr}\n"
                     "sub sp, sp, #8\n"
                     "ldr r1, [r0, #12]\n"
                     "ldr r12, [r0, #24]\n"
                     "adr r2, 2f\n"
                     "add r12, r12, r2\n"
                     "orr r12, r12, #1\n"
                     "str r12, [sp, #4]\n"
                     "1:\n"
                     "ldr r12, [sp, #8]\n"
                     "ldr lr, [r12, #16]\n"
                     "ldr r0, [r12, #8]\n"
                     "ldr r12, [sp, #4]\n"
                     "add lr, lr, r1\n"
                     "str lr, [sp]\n"
                     "movs r2, #0\n"
                     "movs r3, #0\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "movs r6, #0\n"
                     "movs r7, #0\n"
                     "mov r8, r2\n"
                     "mov r9, r2\n"
                     "bx r12\n"
                     ".p2align 2\n"
                     "2:\n"
                     ".rept 3\n" TC_FC_OCTETS_STEP("") ".endr\n" TC_FC_OCTETS_STEP(
                         "ldr r12, [sp]\n") "cmp r1, r12\n"
                                            "bne 2b\n"
                                            "ldr r12, [sp, #8]\n"
                                            "sub r2, r2, r3\n"
                                            "ldrd r1, r0, [r12]\n"
                                            "sub r4, r4, r5\n"
                                            "sub r6, r6, r7\n"
                                            "sub r8, r8, r9\n" TC_FC_OCTETS_ENDS("r2", "r3")
                                                TC_FC_OCTETS_ENDS("r4", "r5") TC_FC_OCTETS_ENDS("r6", "r7")
                                                    TC_FC_OCTETS_ENDS("r8", "r9") "ldr r12, [sp, #8]\n"
                                                                                  "strd r1, r0, [r12]\n"
                                                                                  "ldr r2, [r12, #20]\n"
                                                                                  "ldr r1, [sp]\n"
                                                                                  "subs r2, r2, #1\n"
                                                                                  "str r2, [r12, #20]\n"
                                                                                  "bne 1b\n"
                                                                                  "add sp, sp, #8\n"
                                                                                  "pop {r0, r4-r11, pc}\n");
}

#else

static TC_INLINE int8_t tc_fc_octets_end(int32_t doubled, const int32_t *channel) {
    const int32_t half = channel[2] + (doubled >> 31);
    return tc_ssat8(tc_smmlar(doubled, channel[1], half) >> channel[3]);
}

static TC_NOINLINE void tc_fc_octets(tc_fc_octets_job *job) {
    const int8_t *w = job->weights;
    for (; job->octets > 0; job->octets--, job->channels += 32) {
        int32_t both[4] = {0, 0, 0, 0};
        int32_t second[4] = {0, 0, 0, 0};
        const int8_t *end = w + job->bytes;
        for (const uint32_t *values = job->values; w != end; values += 2) {
            for (int i = 0; i < 8; i++, w += 4) {
                const uint32_t word = tc_load32(w);
                both[i / 2] = tc_smlad(word, values[i % 2], both[i / 2]);
                second[i / 2] = tc_smlad(tc_sxtb16(word), values[i % 2], second[i / 2]);
            }
        }
        for (int i = 0; i < 4; i++) {
            const int32_t *channel = job->channels + 8 * i;
            const int32_t first = (int32_t)((uint32_t)both[i] - (uint32_t)second[i]) >> 7;
            *job->out++ = tc_fc_octets_end(tc_add(channel[0], first), channel);
            *job->out++ = tc_fc_octets_end(tc_add(channel[4], tc_add(second[i], second[i])), channel + 4);
        }
    }
}

#endif

TC_KERNEL void tc_s8_fully_connected_octets__dsp(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out,
                                                 void *scratch) {
    uint32_t *values = (uint32_t *)scratch;
    const int32_t fours = (p->in_c + 3) / 4;
    for (int32_t b = p->batch; b > 0; b--, out += p->out_c) {
        in = tc_fc_widen(values, in, p->in_c);
        tc_fc_octets_job job = {out, p->channels, values, p->weights, 32 * fours, p->out_c / 8, 0};
        job.skipped = (TC_FC_ROUND - 1 - (fours - 1) % TC_FC_ROUND) * TC_FC_OCTETS_CODE;
        tc_fc_octets(&job);
    }
}

/* Fully-connected layer on SMLAD: four outputs share the widened input. Weights of each four outputs and four inputs
 * are 16 bytes side by side, outputs one after the other; inputs are padded with zero weights to fours. Outputs past
 * the last four come as rows of their own. Scratch: the input as 16-bit values, in the order that SXTB16 gives. */
#include "tc_dsp.h"
#include "tc_fc_widen.h"
#include "tc_fully_connected.h"

/* The assembly knows the offsets. */
typedef struct {
    int8_t *out;             /* 0 */
    const int32_t *channels; /* 4: advanced */
    const uint32_t *values;  /* 8 */
    const int8_t *weights;   /* 12: advanced */
    int32_t bytes;           /* 16: weight bytes of four outputs, a multiple of 16 */
    int32_t quads;           /* 20: counted down */
} tc_fc_job;

#if TC_DSP_ASM

/* 16 products in 18 instructions of 4 bytes each. */
#define TC_FC_STEP                  \
    "ldrd r10, r11, [r0], #8\n"     \
    "ldm.w r1!, {r6, r7, r8, r9}\n" \
    "sxtb16 r12, r6\n"              \
    "sxtb16 r6, r6, ror #8\n"       \
    "smlad r2, r12, r10, r2\n"      \
    "sxtb16 r12, r7\n"              \
    "smlad r2, r6, r11, r2\n"       \
    "sxtb16 r7, r7, ror #8\n"       \
    "smlad r3, r12, r10, r3\n"      \
    "sxtb16 r12, r8\n"              \
    "smlad r3, r7, r11, r3\n"       \
    "sxtb16 r8, r8, ror #8\n"       \
    "smlad r4, r12, r10, r4\n"      \
    "sxtb16 r12, r9\n"              \
    "smlad r4, r8, r11, r4\n"       \
    "sxtb16 r9, r9, ror #8\n"       \
    "smlad r5, r12, r10, r5\n"      \
    "smlad r5, r9, r11, r5\n"

#define TC_FC_FINISH(x, at)              \
    "ldrd r10, r11, [r6, #" at " + 4]\n" \
    "ldr r12, [r6, #" at " + 12]\n"      \
    "add r11, r11, " x ", asr #31\n"     \
    "lsl " x ", " x ", #1\n"             \
    "smmlar " x ", " x ", r10, r11\n"    \
    "asr " x ", " x ", r12\n"            \
    "ssat " x ", #8, " x "\n"            \
    "strb " x ", [r7], #1\n"

static TC_NOINLINE __attribute__((naked)) void tc_fc_quads(tc_fc_job *job __attribute__((unused))) {
    __asm__ volatile("push {r0, r4-r11, lr}\n"
                     "ldr r1, [r0, #12]\n"
                     "1:\n"
                     "ldr r12, [sp]\n"
                     "ldr r6, [r12, #4]\n"
                     "ldr r2, [r6]\n"
                     "ldr r3, [r6, #16]\n"
                     "ldr r4, [r6, #32]\n"
                     "ldr r5, [r6, #48]\n"
                     "ldr r0, [r12, #8]\n"
                     "ldr lr, [r12, #16]\n"
                     /* the first round of the loop enters it so that the last ends it */
                     "ubfx r6, lr, #4, #2\n"
                     "rsb r6, r6, #0\n"
                     "and r6, r6, #3\n"
                     "add lr, lr, r1\n"
                     "movs r7, #72\n"
                     "mul r6, r6, r7\n"
                     "adr r7, 2f\n"
                     "add r6, r6, r7\n"
                     "orr r6, r6, #1\n"
                     "bx r6\n"
                     ".p2align 2\n"
                     "2:\n" TC_FC_STEP TC_FC_STEP TC_FC_STEP TC_FC_STEP "cmp r1, lr\n"
                     "bne 2b\n"
                     "ldr lr, [sp]\n"
                     "ldrd r7, r6, [lr]\n" TC_FC_FINISH("r2", "0") TC_FC_FINISH("r3", "16") TC_FC_FINISH("r4", "32")
                         TC_FC_FINISH("r5", "48") "add r6, r6, #64\n"
                                                  "strd r7, r6, [lr]\n"
                                                  "ldr r6, [lr, #20]\n"
                                                  "subs r6, r6, #1\n"
                                                  "str r6, [lr, #20]\n"
                                                  "bne 1b\n"
                                                  "pop {r0, r4-r11, pc}\n");
}

#else

static TC_NOINLINE void tc_fc_quads(tc_fc_job *job) {
    const int8_t *w = job->weights;
    for (; job->quads > 0; job->quads--, job->channels += 16) {
        int32_t sum[4];
        for (int i = 0; i < 4; i++) {
            sum[i] = job->channels[4 * i];
        }
        const int8_t *end = w + job->bytes;
        for (const uint32_t *values = job->values; w != end; values += 2) {
            for (int i = 0; i < 4; i++, w += 4) {
                const uint32_t word = tc_load32(w);
                sum[i] = tc_smlad(tc_sxtb16(word), values[0], sum[i]);
                sum[i] = tc_smlad(tc_sxtb16_odd(word), values[1], sum[i]);
            }
        }
        for (int i = 0; i < 4; i++) {
            *job->out++ = tc_fast_finish(sum[i], job->channels + 4 * i);
        }
    }
}

#endif

TC_KERNEL void tc_s8_fully_connected_quads__dsp(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out,
                                                void *scratch) {
    uint32_t *values = (uint32_t *)scratch;
    const int32_t fours = (p->in_c + 3) / 4;
    for (int32_t b = p->batch; b > 0; b--) {
        in = tc_fc_widen(values, in, p->in_c);
        tc_fc_job job;
        job.out = out;
        job.channels = p->channels;
        job.values = values;
        job.weights = p->weights;
        job.bytes = 16 * fours;
        job.quads = p->out_c / 4;
        if (job.quads > 0) {
            tc_fc_quads(&job);
        }
        out += p->out_c / 4 * 4;
        const int8_t *w = p->weights + p->out_c / 4 * job.bytes;
        const int32_t *channel = p->channels + p->out_c / 4 * 16;
        for (int32_t c = p->out_c % 4; c > 0; c--, channel += 4) {
            int32_t sum = channel[0];
            for (int32_t k = 0; k < 2 * fours; k += 2, w += 4) {
                const uint32_t word = tc_load32(w);
                sum = tc_smlad(tc_sxtb16(word), values[k], sum);
                sum = tc_smlad(tc_sxtb16_odd(word), values[k + 1], sum);
            }
            *out++ = tc_fast_finish(sum, channel);
        }
    }
}

/* One channel of a depthwise 3x3 convolution over its widened plane: four outputs at a time, at stride 2 two. Taps and
 * bias are doubled, as the multiplication to the high half wants its sum, or scaled by more. */
#ifndef TC_DEPTHWISE_3X3_H
#define TC_DEPTHWISE_3X3_H

#include "tc_depthwise_plane.h"

/* The assembly knows the offsets. */
typedef struct {
    const int16_t *from; /* 0: first line of the window; advanced */
    int8_t *to;          /* 4: advanced */
    uint32_t taps[6];    /* 8: per line, taps 0 and 1, then 1 and 2; scaled */
    int32_t channel[4];  /* 32: bias, as much scaled, multiplier, half, shift */
    int32_t step;        /* 48: bytes from one output to the next */
    int32_t even_bytes;  /* 52: buffer bytes to step over for the full blocks of outputs of a line */
    int32_t odd_bytes;   /* 56: the same for the rest of a line, or 0 */
    int32_t pitch_bytes; /* 60: from one line of the buffer to the next */
    int32_t lines;       /* 64: counted down */
    int32_t next_from;   /* 68: bytes from line to line of windows */
    int32_t next_to;     /* 72: and of outputs */
    int32_t rest;        /* 76: outputs of a line behind its full blocks */
} tc_depthwise_job;

/* Of all channels, where the zero point is -128. */
#define TC_DEPTHWISE_SHIFT 11

#if TC_DSP_ASM

/* Parameters move to the stack, taps to r4-r9; then, line by line, to the pairs of outputs. On the stack: multiplier,
 * half, bytes to the next output, shift, end of a line's pairs, bias, job. */
#define TC_DEPTHWISE_BEGIN                                  \
    "push {r4-r11, lr}\n"                                   \
    "sub sp, sp, #28\n"                                     \
    "str r0, [sp, #24]\n"                                   \
    "add r1, r0, #32\n"                                     \
    "ldm r1, {r2, r3, r4, r5}\n"                            \
    "strd r3, r4, [sp]\n"                                   \
    "str r5, [sp, #12]\n"                                   \
    "str r2, [sp, #20]\n"                                   \
    "ldr lr, [r0, #60]\n" TC_DEPTHWISE_LESS "mov r12, r0\n" \
    "add r0, r0, #8\n"                                      \
    "ldm r0, {r4, r5, r6, r7, r8, r9}\n"                    \
    "1:\n"                                                  \
    "ldrd r0, r1, [r12]\n"                                  \
    "ldrd r10, r11, [r12, #48]\n"                           \
    "str r10, [sp, #8]\n"                                   \
    "add r11, r11, r0\n"                                    \
    "str r11, [sp, #16]\n"                                  \
    "cmp r0, r11\n"                                         \
    "beq 3f\n"                                              \
    "2:\n"

/* Nine taps for each of two outputs two values apart, r2 and r3. */
#if TC_DUAL_ISSUE
#define TC_DEPTHWISE_LESS "sub lr, lr, #8\n"
#define TC_DEPTHWISE_PAIR        \
    "ldrd r10, r11, [r0], #8\n"  \
    "ldr r12, [sp, #20]\n"       \
    "smlad r2, r10, r4, r12\n"   \
    "smlad r3, r11, r4, r12\n"   \
    "ldr r10, [r0]\n"            \
    "add r12, r0, lr\n"          \
    "smlabt r2, r11, r5, r2\n"   \
    "smlabt r3, r10, r5, r3\n"   \
    "ldrd r10, r11, [r12]\n"     \
    "smlad r2, r10, r6, r2\n"    \
    "smlad r3, r11, r6, r3\n"    \
    "ldr r10, [r12, #8]\n"       \
    "add r12, r12, lr\n"         \
    "smlabt r2, r11, r7, r2\n"   \
    "smlabt r3, r10, r7, r3\n"   \
    "ldrd r10, r11, [r12, #8]\n" \
    "smlad r2, r10, r8, r2\n"    \
    "smlad r3, r11, r8, r3\n"    \
    "ldr r10, [r12, #16]\n"      \
    "smlabt r2, r11, r9, r2\n"   \
    "smlabt r3, r10, r9, r3\n"
#else
#define TC_DEPTHWISE_LESS
#define TC_DEPTHWISE_OF_TWO(near, far) \
    "smlad r2, r10, " near ", r2\n"    \
    "smlad r3, r11, " near ", r3\n"    \
    "smlabt r2, r11, " far ", r2\n"    \
    "smlabt r3, r12, " far ", r3\n"
#define TC_DEPTHWISE_PAIR                                                          \
    "ldr r2, [sp, #20]\n"                                                          \
    "ldm r0, {r10, r11, r12}\n"                                                    \
    "add r0, r0, lr\n"                                                             \
    "smlad r3, r11, r4, r2\n"                                                      \
    "smlad r2, r10, r4, r2\n"                                                      \
    "smlabt r3, r12, r5, r3\n"                                                     \
    "smlabt r2, r11, r5, r2\n"                                                     \
    "ldm r0, {r10, r11, r12}\n"                                                    \
    "add r0, r0, lr\n" TC_DEPTHWISE_OF_TWO("r6", "r7") "ldm r0, {r10, r11, r12}\n" \
                                                       "sub r0, r0, lr, lsl #1\n"  \
                                                       "add r0, r0, #8\n" TC_DEPTHWISE_OF_TWO("r8", "r9")
#endif

/* Both become int8; then the bytes from one output to the next are in r12. */
#define TC_DEPTHWISE_FINISH_TWO   \
    "ldrd r10, r11, [sp]\n"       \
    "add r12, r11, r2, asr #31\n" \
    "add r11, r11, r3, asr #31\n" \
    "smmlar r2, r2, r10, r12\n"   \
    "smmlar r3, r3, r10, r11\n"   \
    "ldrd r12, r10, [sp, #8]\n"   \
    "asr r2, r2, r10\n"           \
    "asr r3, r3, r10\n"           \
    "ssat r2, #8, r2\n"           \
    "ssat r3, #8, r3\n"

/* The same where the zero point is -128, as below. */
#define TC_DEPTHWISE_FINISH_TWO_RELU \
    "ldm sp, {r10, r11, r12}\n"      \
    "smmla r2, r2, r10, r11\n"       \
    "smmla r3, r3, r10, r11\n"       \
    "ssat r2, #8, r2, asr #11\n"     \
    "ssat r3, #8, r3, asr #11\n"

/* Both outputs of a pair are written, the second first: a single one's twin has step 0 and is overwritten. */
#define TC_DEPTHWISE_END          \
    "strb r3, [r1, r12]\n"        \
    "strb r2, [r1]\n"             \
    "add r1, r1, r12, lsl #1\n"   \
    "ldr r12, [sp, #16]\n"        \
    "cmp r0, r12\n"               \
    "bne 2b\n"                    \
    "3:\n"                        \
    "ldr r12, [sp, #24]\n"        \
    "ldr r10, [r12, #56]\n"       \
    "ldr r11, [sp, #8]\n"         \
    "cmp r10, #0\n"               \
    "it ne\n"                     \
    "cmpne r11, #0\n"             \
    "beq 4f\n"                    \
    "movs r2, #0\n"               \
    "str r2, [sp, #8]\n"          \
    "add r10, r10, r0\n"          \
    "str r10, [sp, #16]\n"        \
    "b 2b\n"                      \
    "4:\n"                        \
    "ldrd r0, r1, [r12]\n"        \
    "ldrd r10, r11, [r12, #68]\n" \
    "add r0, r0, r10\n"           \
    "add r1, r1, r11\n"           \
    "strd r0, r1, [r12]\n"        \
    "ldr r10, [r12, #64]\n"       \
    "subs r10, r10, #1\n"         \
    "str r10, [r12, #64]\n"       \
    "bne 1b\n"                    \
    "add sp, sp, #28\n"           \
    "pop {r4-r11, pc}\n"

#define TC_DEPTHWISE_PAIRS TC_DEPTHWISE_BEGIN TC_DEPTHWISE_PAIR TC_DEPTHWISE_FINISH_TWO TC_DEPTHWISE_END
#define TC_DEPTHWISE_PAIRS_RELU TC_DEPTHWISE_BEGIN TC_DEPTHWISE_PAIR TC_DEPTHWISE_FINISH_TWO_RELU TC_DEPTHWISE_END

/* Three taps for each of four outputs side by side, r2 to r5: values in r9 to r11, taps in r6 and r7. What else is
 * given goes between the products, where it no longer disturbs them. */
#define TC_DEPTHWISE_LEFT(a, b, c, d, after)                       \
    "smlad r2, r9, r6, " a "\n" after "smlatb r3, r9, r6, " b "\n" \
    "smlad r4, r10, r6, " c "\n"                                   \
    "smlatb r5, r10, r6, " d "\n"
#define TC_DEPTHWISE_RIGHT(before, after, end)                        \
    before "smlabt r2, r10, r7, r2\n" after "smlad r3, r10, r7, r3\n" \
           "smlabt r4, r11, r7, r4\n"                                 \
           "smlad r5, r11, r7, r5\n" end

/* Nine taps; on a core that issues two instructions at a time the multiplier is in r6 and half in r7 then. */
#if TC_DUAL_ISSUE
#define TC_DEPTHWISE_BESIDE(tap)                                                                     \
    TC_DEPTHWISE_RIGHT("ldr r9, [r12]\n", "ldr r6, [sp, #" #tap "]\n", "ldrd r10, r11, [r12, #4]\n") \
    TC_DEPTHWISE_LEFT("r2", "r3", "r4", "r5", "ldr r7, [sp, #" #tap " + 4]\n")
#define TC_DEPTHWISE_NINE                                                    \
    "add r12, r0, lr\n"                                                      \
    "ldrd r9, r10, [r0]\n"                                                   \
    "ldr r11, [r0, #8]\n"                                                    \
    "ldrd r6, r7, [sp, #20]\n" TC_DEPTHWISE_LEFT("r8", "r8", "r8", "r8", "") \
        TC_DEPTHWISE_BESIDE(28) "add r12, r12, lr\n" TC_DEPTHWISE_BESIDE(36) \
            TC_DEPTHWISE_RIGHT("", "ldr r6, [sp]\n", "ldr r7, [sp, #4]\n")
#else
#define TC_DEPTHWISE_LINE(from, taps, a, b, c, d) \
    "ldm " from ", {r9, r10, r11}\n"              \
    "ldrd r6, r7, [sp, #" #taps "]\n" TC_DEPTHWISE_LEFT(a, b, c, d, "") TC_DEPTHWISE_RIGHT("", "", "")
#define TC_DEPTHWISE_NINE                                                                      \
    "add r12, r0, lr\n" TC_DEPTHWISE_LINE("r0", 20, "r8", "r8", "r8", "r8") TC_DEPTHWISE_LINE( \
        "r12", 28, "r2", "r3", "r4", "r5") "add r12, r12, lr\n" TC_DEPTHWISE_LINE("r12", 36, "r2", "r3", "r4", "r5")
#endif

/* Sums become int8; then the bytes from one output to the next are in r9, the end of the blocks in r10. Ties go away
 * from zero. */
#if TC_DUAL_ISSUE
#define TC_DEPTHWISE_FINISH      \
    "add r9, r7, r2, asr #31\n"  \
    "ldr r12, [sp, #16]\n"       \
    "smmlar r2, r2, r6, r9\n"    \
    "add r9, r7, r3, asr #31\n"  \
    "add r11, r7, r4, asr #31\n" \
    "smmlar r3, r3, r6, r9\n"    \
    "ldr r10, [sp, #12]\n"       \
    "smmlar r4, r4, r6, r11\n"   \
    "add r7, r7, r5, asr #31\n"  \
    "asr r2, r2, r12\n"          \
    "smmlar r5, r5, r6, r7\n"    \
    "ldr r9, [sp, #8]\n"         \
    "asr r3, r3, r12\n"          \
    "ssat r2, #8, r2\n"          \
    "asr r4, r4, r12\n"          \
    "ssat r3, #8, r3\n"          \
    "asr r5, r5, r12\n"          \
    "ssat r4, #8, r4\n"
#else
#define TC_DEPTHWISE_FINISH            \
    "ldm sp, {r6, r7, r9, r10, r12}\n" \
    "add r11, r7, r2, asr #31\n"       \
    "smmlar r2, r2, r6, r11\n"         \
    "add r11, r7, r3, asr #31\n"       \
    "smmlar r3, r3, r6, r11\n"         \
    "add r11, r7, r4, asr #31\n"       \
    "add r7, r7, r5, asr #31\n"        \
    "smmlar r4, r4, r6, r11\n"         \
    "smmlar r5, r5, r6, r7\n"          \
    "asr r2, r2, r12\n"                \
    "asr r3, r3, r12\n"                \
    "asr r4, r4, r12\n"                \
    "asr r5, r5, r12\n"                \
    "ssat r2, #8, r2\n"                \
    "ssat r3, #8, r3\n"                \
    "ssat r4, #8, r4\n"
#endif
#define TC_DEPTHWISE_FOURTH "ssat r5, #8, r5\n"

/* The same where the zero point is -128: whatever is negative saturates, so that its ties do not matter, and taps and
 * bias are scaled so that all channels end with one shift, which saturation has for nothing. */
#if TC_DUAL_ISSUE
#define TC_DEPTHWISE_FINISH_RELU \
    "smmla r2, r2, r6, r7\n"     \
    "ldr r9, [sp, #8]\n"         \
    "smmla r3, r3, r6, r7\n"     \
    "ldr r10, [sp, #12]\n"       \
    "smmla r4, r4, r6, r7\n"     \
    "smmla r5, r5, r6, r7\n"     \
    "ssat r2, #8, r2, asr #11\n" \
    "ssat r3, #8, r3, asr #11\n" \
    "ssat r4, #8, r4, asr #11\n"
#else
#define TC_DEPTHWISE_FINISH_RELU  \
    "ldm sp, {r6, r7, r9, r10}\n" \
    "smmla r2, r2, r6, r7\n"      \
    "smmla r3, r3, r6, r7\n"      \
    "smmla r4, r4, r6, r7\n"      \
    "smmla r5, r5, r6, r7\n"      \
    "ssat r2, #8, r2, asr #11\n"  \
    "ssat r3, #8, r3, asr #11\n"  \
    "ssat r4, #8, r4, asr #11\n"
#endif
#define TC_DEPTHWISE_FOURTH_RELU "ssat r5, #8, r5, asr #11\n"

/* On the stack: multiplier, half, bytes to the next output, end of a line's blocks of four, shift, taps; bytes from the
 * end of a line to the next one and from its outputs to the next ones, bytes from line to line, lines left, outputs
 * behind the blocks. In r8 the bias. */
#define TC_DEPTHWISE_BY_FOUR(FINISH, FOURTH)                           \
    "push {r4-r11, lr}\n"                                              \
    "sub sp, sp, #68\n"                                                \
    "mov r12, r0\n"                                                    \
    "add r11, r0, #8\n"                                                \
    "ldm r11!, {r2, r3, r4, r5, r6, r7, r8}\n"                         \
    "add r1, sp, #20\n"                                                \
    "stm r1, {r2, r3, r4, r5, r6, r7}\n"                               \
    "ldm r11!, {r2, r3, r4, r5, r6, r7, r9}\n" /* r9: pitch */         \
    "ldm r11, {r10, r11, r12, lr}\n"                                   \
    "strd r2, r3, [sp]\n"                                              \
    "str r5, [sp, #8]\n"                                               \
    "str r4, [sp, #16]\n"                                              \
    "strd r11, r10, [sp, #52]\n"                                       \
    "str lr, [sp, #60]\n"                                              \
    "sub r2, r11, r6\n"                                                \
    "sub r2, r2, r7\n"                                                 \
    "lsr r3, r6, #1\n"                                                 \
    "mls r3, r3, r5, r12\n"                                            \
    "strd r2, r3, [sp, #44]\n"                                         \
    "mov lr, r9\n"                                                     \
    "ldrd r0, r1, [r0]\n"                                              \
    "add r10, r0, r6\n"                                                \
    "str r10, [sp, #12]\n"                                             \
    "1:\n"                                                             \
    "cmp r0, r10\n"                                                    \
    "beq 3f\n"                                                         \
    "2:\n" TC_DEPTHWISE_NINE "add r0, r0, #8\n" FINISH "cmp r0, r10\n" \
    "bhi 5f\n"                                                         \
    "strb r2, [r1]\n" FOURTH "strb r3, [r1, r9]\n"                     \
    "add r1, r1, r9, lsl #1\n"                                         \
    "strb r4, [r1]\n"                                                  \
    "strb r5, [r1, r9]\n"                                              \
    "add r1, r1, r9, lsl #1\n"                                         \
    "bne 2b\n"                                                         \
    "3:\n"                                                             \
    "ldr r11, [sp, #60]\n"                                             \
    "cmp r11, #0\n"                                                    \
    "bne 2b\n"                                                         \
    "4:\n"                                                             \
    "ldrd r6, r7, [sp, #44]\n"                                         \
    "ldrd r9, r11, [sp, #52]\n"                                        \
    "add r0, r0, r6\n"                                                 \
    "add r1, r1, r7\n"                                                 \
    "add r10, r10, r9\n"                                               \
    "subs r11, r11, #1\n"                                              \
    "str r10, [sp, #12]\n"                                             \
    "str r11, [sp, #56]\n"                                             \
    "bne 1b\n"                                                         \
    "add sp, sp, #68\n"                                                \
    "pop {r4-r11, pc}\n"                                               \
    "5:\n"                                                             \
    "ldr r11, [sp, #60]\n"                                             \
    "strb r2, [r1]\n"                                                  \
    "cmp r11, #2\n"                                                    \
    "it hs\n"                                                          \
    "strbhs r3, [r1, r9]\n"                                            \
    "it hi\n"                                                          \
    "strbhi r4, [r1, r9, lsl #1]\n"                                    \
    "b 4b\n"
#define TC_DEPTHWISE_FOURS TC_DEPTHWISE_BY_FOUR(TC_DEPTHWISE_FINISH, TC_DEPTHWISE_FOURTH)
#define TC_DEPTHWISE_FOURS_RELU TC_DEPTHWISE_BY_FOUR(TC_DEPTHWISE_FINISH_RELU, TC_DEPTHWISE_FOURTH_RELU)

#else

/* `stride` and `relu` are constants where this is inlined. */
static TC_INLINE void tc_depthwise_twin(tc_depthwise_job *job, int32_t stride, int relu) {
    const int32_t pitch = job->pitch_bytes / 2;
    const int32_t each = stride == 1 ? 4 : 2;
    for (; job->lines > 0; job->lines--) {
        const int16_t *from = job->from;
        int8_t *to = job->to;
        const int16_t *full = from + job->even_bytes / 2;
        const int16_t *end = full + job->odd_bytes / 2;
        for (; from != end; from += each * stride, to += each * job->step) {
            for (int32_t i = each - 1; i >= 0; i--) {
                int32_t sum = job->channel[0];
                for (int k = 0; k < 3; k++) {
                    const int16_t *line = from + k * pitch + i * stride;
                    sum = tc_smlad(tc_load32(line), job->taps[2 * k], sum);
                    sum = tc_add(sum, line[2] * tc_high16(job->taps[2 * k + 1]));
                }
                const int32_t half = job->channel[2] + (sum >> 31);
                if (from != full || i < job->rest) {
                    to[i * job->step] =
                        tc_ssat8(relu ? tc_smmla(sum, job->channel[1], job->channel[2]) >> TC_DEPTHWISE_SHIFT
                                      : tc_smmlar(sum, job->channel[1], half) >> job->channel[3]);
                }
            }
        }
        job->from += job->next_from / 2;
        job->to += job->next_to;
    }
}

#endif

#if TC_DSP_ASM
#define TC_DEPTHWISE_LINES(name, text, stride, relu)                                                     \
    static TC_NOINLINE __attribute__((naked)) void name(tc_depthwise_job *job __attribute__((unused))) { \
        __asm__ volatile(text);                                                                          \
    }
#else
#define TC_DEPTHWISE_LINES(name, text, stride, relu)      \
    static TC_NOINLINE void name(tc_depthwise_job *job) { \
        tc_depthwise_twin(job, stride, relu);             \
    }
#endif

typedef void (*tc_depthwise_run)(tc_depthwise_job *);

/* A channel's parameters and its nine weights. What is said of tc_fast_finish says that a sum doubled, times the
 * multiplier, with half a unit of the high word and `half` added, shifted by 32 and the channel's shift, is the output.
 * All of it times 2^(11 - shift) is shifted by 32 + 11. */
static TC_INLINE void tc_depthwise_channel(const tc_s8_depthwise_plane *p, int32_t c, const int8_t *w, int relu,
                                           tc_depthwise_job *job) {
    tc_plane_channel(p, c, job->channel);
    const int32_t more = relu ? TC_DEPTHWISE_SHIFT - job->channel[3] : 0;
    const int32_t scale = 2 << more;
    for (int32_t i = 0; i < 6; i += 2, w += 3) {
        job->taps[i] = tc_pack16(w[0] * scale, w[1] * scale);
        job->taps[i + 1] = tc_pack16(w[1] * scale, w[2] * scale);
    }
    job->channel[0] *= scale;
    if (relu) {
        job->channel[2] = job->channel[2] * (scale >> 1) + (scale >> 2);
    }
}

/* `relu` is a constant where this is inlined. */
static TC_INLINE void tc_depthwise_planes(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out,
                                          int16_t *buffer, tc_depthwise_run run, int relu) {
    const int32_t each = p->inner_stride == 1 ? 4 : 2;
    const int32_t block = each * p->inner_stride * 2;
    const int32_t rest = p->inner_out % each;
    tc_depthwise_job job;
    job.step = p->inner_out_step;
    job.even_bytes = p->inner_out / each * block;
    job.odd_bytes = rest > 0 ? block : 0;
    job.pitch_bytes = p->pitch * 2;
    job.rest = rest;
    job.next_from = p->outer_stride * p->pitch * 2;
    job.next_to = p->outer_out_step;
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int8_t *w = p->weights;
        for (int32_t c = 0; c < p->in_c; c++, w += 9) {
            job.from = tc_plane_of(p, in, c, buffer);
            job.to = out + c;
            tc_depthwise_channel(p, c, w, relu, &job);
            job.lines = p->outer_out;
            run(&job);
        }
    }
}

/* All lines of a channel at once. */
static TC_INLINE void tc_depthwise_3x3(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out, void *scratch,
                                       tc_depthwise_run run, int relu) {
    tc_plane_clear(p, (int16_t *)scratch);
    tc_depthwise_planes(p, in, out, (int16_t *)scratch, run, relu);
}

#endif

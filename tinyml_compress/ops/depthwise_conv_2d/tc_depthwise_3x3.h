/* One channel of a depthwise 3x3 convolution over its widened plane: four outputs at a time, at stride 2 two. Taps and
 * bias are doubled, as the multiplication to the high half wants its sum. */
#ifndef TC_DEPTHWISE_3X3_H
#define TC_DEPTHWISE_3X3_H

#include "tc_depthwise_plane.h"

/* The assembly knows the offsets. */
typedef struct {
    const int16_t *from; /* 0: first line of the window; advanced */
    int8_t *to;          /* 4: advanced */
    uint32_t taps[6];    /* 8: per line, taps 0 and 1, then 1 and 2; doubled */
    int32_t channel[4];  /* 32: doubled bias, multiplier, half, shift */
    int32_t step;        /* 48: bytes from one output to the next */
    int32_t even_bytes;  /* 52: buffer bytes to step over for the full blocks of outputs of a line */
    int32_t odd_bytes;   /* 56: the same for the rest of a line, or 0 */
    int32_t pitch_bytes; /* 60: from one line of the buffer to the next; at stride 2 less what a pair steps over */
    int32_t lines;       /* 64: counted down */
    int32_t next_from;   /* 68: bytes from line to line of windows */
    int32_t next_to;     /* 72: and of outputs */
    int32_t rest[3];     /* 76: bytes to the second, third and fourth output of the rest; 0 where it is not there */
} tc_depthwise_job;

#if TC_DSP_ASM

/* Parameters move to the stack, taps to r4-r9; then, line by line, to the pairs of outputs. */
#define TC_DEPTHWISE_BEGIN               \
    "push {r4-r11, lr}\n"                \
    "sub sp, sp, #28\n"                  \
    "str r0, [sp, #24]\n"                \
    "add r1, r0, #32\n"                  \
    "ldm r1, {r2, r3, r4, r5}\n"         \
    "stm sp, {r2, r3, r4, r5}\n"         \
    "ldr lr, [r0, #60]\n"                \
    "mov r12, r0\n"                      \
    "add r0, r0, #8\n"                   \
    "ldm r0, {r4, r5, r6, r7, r8, r9}\n" \
    "1:\n"                               \
    "ldrd r0, r1, [r12]\n"               \
    "ldrd r10, r11, [r12, #48]\n"        \
    "str r10, [sp, #16]\n"               \
    "add r11, r11, r0\n"                 \
    "str r11, [sp, #20]\n"               \
    "cmp r0, r11\n"                      \
    "beq 3f\n"                           \
    "2:\n"

/* Nine taps for each of two outputs two values apart, r2 and r3. */
#define TC_DEPTHWISE_PAIR        \
    "ldrd r10, r11, [r0], #8\n"  \
    "ldr r12, [sp]\n"            \
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

/* Both outputs of a pair are written, the second first: a single one's twin has step 0 and is overwritten. */
#define TC_DEPTHWISE_END          \
    "ldrd r10, r11, [sp, #4]\n"   \
    "add r12, r11, r2, asr #31\n" \
    "add r11, r11, r3, asr #31\n" \
    "smmlar r2, r2, r10, r12\n"   \
    "smmlar r3, r3, r10, r11\n"   \
    "ldrd r12, r10, [sp, #12]\n"  \
    "asr r2, r2, r12\n"           \
    "asr r3, r3, r12\n"           \
    "ssat r2, #8, r2\n"           \
    "ssat r3, #8, r3\n"           \
    "strb r3, [r1, r10]\n"        \
    "strb r2, [r1]\n"             \
    "add r1, r1, r10, lsl #1\n"   \
    "ldr r12, [sp, #20]\n"        \
    "cmp r0, r12\n"               \
    "bne 2b\n"                    \
    "3:\n"                        \
    "ldr r12, [sp, #24]\n"        \
    "ldr r10, [r12, #56]\n"       \
    "ldr r11, [sp, #16]\n"        \
    "cmp r10, #0\n"               \
    "it ne\n"                     \
    "cmpne r11, #0\n"             \
    "beq 4f\n"                    \
    "movs r2, #0\n"               \
    "str r2, [sp, #16]\n"         \
    "add r10, r10, r0\n"          \
    "str r10, [sp, #20]\n"        \
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

#define TC_DEPTHWISE_PAIRS TC_DEPTHWISE_BEGIN TC_DEPTHWISE_PAIR TC_DEPTHWISE_END

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

/* Nine taps; then the multiplier is in r6 and half in r7. */
#if TC_DUAL_ISSUE
#define TC_DEPTHWISE_BESIDE(tap)                                                                     \
    TC_DEPTHWISE_RIGHT("ldr r9, [r12]\n", "ldr r6, [sp, #" #tap "]\n", "ldrd r10, r11, [r12, #4]\n") \
    TC_DEPTHWISE_LEFT("r2", "r3", "r4", "r5", "ldr r7, [sp, #" #tap " + 4]\n")
#define TC_DEPTHWISE_NINE                                                   \
    "add r12, r0, lr\n"                                                     \
    "ldrd r9, r10, [r0]\n"                                                  \
    "ldr r11, [r0, #8]\n"                                                   \
    "ldrd r6, r7, [sp]\n" TC_DEPTHWISE_LEFT("r8", "r8", "r8", "r8", "")     \
        TC_DEPTHWISE_BESIDE(8) "add r12, r12, lr\n" TC_DEPTHWISE_BESIDE(16) \
            TC_DEPTHWISE_RIGHT("", "ldr r6, [sp, #24]\n", "ldr r7, [sp, #28]\n")
#else
#define TC_DEPTHWISE_LINE(from, taps, a, b, c, d) \
    "ldm " from ", {r9, r10, r11}\n"              \
    "ldrd r6, r7, [sp, #" #taps "]\n" TC_DEPTHWISE_LEFT(a, b, c, d, "") TC_DEPTHWISE_RIGHT("", "", "")
#define TC_DEPTHWISE_NINE                                                                           \
    "add r12, r0, lr\n" TC_DEPTHWISE_LINE("r0", 0, "r8", "r8", "r8", "r8")                          \
        TC_DEPTHWISE_LINE("r12", 8, "r2", "r3", "r4", "r5") "add r12, r12, lr\n" TC_DEPTHWISE_LINE( \
            "r12", 16, "r2", "r3", "r4", "r5") "ldrd r6, r7, [sp, #24]\n"
#endif

/* Sums times the multiplier, with halves in `a` to `d`, shifted; r7, r10 and r11 become bytes to the outputs. */
#if TC_DUAL_ISSUE
#define TC_DEPTHWISE_SCALE(a, b, c, d) \
    "smmlar r2, r2, r6, " a "\n"       \
    "ldr r9, [sp, #32]\n"              \
    "smmlar r3, r3, r6, " b "\n"       \
    "smmlar r4, r4, r6, " c "\n"       \
    "asr r2, r2, r9\n"                 \
    "smmlar r5, r5, r6, " d "\n"       \
    "asr r3, r3, r9\n"                 \
    "ldr r7, [sp, #36]\n"              \
    "asr r4, r4, r9\n"                 \
    "ldrd r10, r11, [sp, #40]\n"       \
    "asr r5, r5, r9\n"
#else
#define TC_DEPTHWISE_SCALE(a, b, c, d) \
    "smmlar r2, r2, r6, " a "\n"       \
    "smmlar r3, r3, r6, " b "\n"       \
    "smmlar r4, r4, r6, " c "\n"       \
    "smmlar r5, r5, r6, " d "\n"       \
    "add r12, sp, #32\n"               \
    "ldm r12, {r6, r7, r10, r11}\n"    \
    "asr r2, r2, r6\n"                 \
    "asr r3, r3, r6\n"                 \
    "asr r4, r4, r6\n"                 \
    "asr r5, r5, r6\n"
#endif

/* Ties go away from zero; where the zero point is -128, whatever is negative saturates, so that its ties do not
 * matter. */
#define TC_DEPTHWISE_FINISH      \
    "add r9, r7, r2, asr #31\n"  \
    "add r10, r7, r3, asr #31\n" \
    "add r11, r7, r4, asr #31\n" \
    "add r12, r7, r5, asr #31\n" TC_DEPTHWISE_SCALE("r9", "r10", "r11", "r12")
#define TC_DEPTHWISE_FINISH_RELU TC_DEPTHWISE_SCALE("r7", "r7", "r7", "r7")

/* On the stack: taps, multiplier, half, shift, bytes to the second, third and fourth output, end of the blocks, job. In
 * r8 the bias. All outputs of a block are written, the first last: what is not there lies where it will be. */
#define TC_DEPTHWISE_BY_FOUR(FINISH)                                       \
    "push {r4-r11, lr}\n"                                                  \
    "sub sp, sp, #56\n"                                                    \
    "mov r12, r0\n"                                                        \
    "str r0, [sp, #52]\n"                                                  \
    "add r11, r0, #8\n"                                                    \
    "ldm r11, {r0, r1, r2, r3, r4, r5, r6, r7, r8, r9}\n"                  \
    "stm sp, {r0, r1, r2, r3, r4, r5}\n"                                   \
    "strd r7, r8, [sp, #24]\n"                                             \
    "str r9, [sp, #32]\n"                                                  \
    "mov r8, r6\n"                                                         \
    "ldr lr, [r12, #60]\n"                                                 \
    "1:\n"                                                                 \
    "ldrd r0, r1, [r12]\n"                                                 \
    "ldrd r9, r10, [r12, #48]\n"                                           \
    "add r10, r10, r0\n"                                                   \
    "lsl r11, r9, #1\n"                                                    \
    "strd r9, r11, [sp, #36]\n"                                            \
    "add r9, r9, r11\n"                                                    \
    "strd r9, r10, [sp, #44]\n"                                            \
    "cmp r0, r10\n"                                                        \
    "beq 3f\n"                                                             \
    "2:\n" TC_DEPTHWISE_NINE "add r0, r0, #8\n" FINISH "ssat r5, #8, r5\n" \
    "ssat r4, #8, r4\n"                                                    \
    "strb r5, [r1, r11]\n"                                                 \
    "ssat r3, #8, r3\n"                                                    \
    "strb r4, [r1, r10]\n"                                                 \
    "ssat r2, #8, r2\n"                                                    \
    "strb r3, [r1, r7]\n"                                                  \
    "ldr r12, [sp, #48]\n"                                                 \
    "strb r2, [r1]\n"                                                      \
    "add r1, r1, r7, lsl #2\n"                                             \
    "cmp r0, r12\n"                                                        \
    "bne 2b\n"                                                             \
    "3:\n"                                                                 \
    "ldr r12, [sp, #52]\n"                                                 \
    "ldr r11, [r12]\n"                                                     \
    "ldrd r9, r10, [r12, #52]\n"                                           \
    "add r11, r11, r9\n"                                                   \
    "add r11, r11, r10\n"                                                  \
    "cmp r0, r11\n"                                                        \
    "beq 4f\n"                                                             \
    "ldrd r6, r7, [r12, #76]\n"                                            \
    "ldr r9, [r12, #84]\n"                                                 \
    "strd r6, r7, [sp, #36]\n"                                             \
    "strd r9, r11, [sp, #44]\n"                                            \
    "b 2b\n"                                                               \
    "4:\n"                                                                 \
    "ldrd r0, r1, [r12]\n"                                                 \
    "ldrd r10, r11, [r12, #68]\n"                                          \
    "add r0, r0, r10\n"                                                    \
    "add r1, r1, r11\n"                                                    \
    "strd r0, r1, [r12]\n"                                                 \
    "ldr r10, [r12, #64]\n"                                                \
    "subs r10, r10, #1\n"                                                  \
    "str r10, [r12, #64]\n"                                                \
    "bne 1b\n"                                                             \
    "add sp, sp, #56\n"                                                    \
    "pop {r4-r11, pc}\n"
#define TC_DEPTHWISE_FOURS TC_DEPTHWISE_BY_FOUR(TC_DEPTHWISE_FINISH)
#define TC_DEPTHWISE_FOURS_RELU TC_DEPTHWISE_BY_FOUR(TC_DEPTHWISE_FINISH_RELU)

#else

/* `stride` is a constant where this is inlined. */
static TC_INLINE void tc_depthwise_twin(tc_depthwise_job *job, int32_t stride) {
    const int32_t pitch = job->pitch_bytes / 2 + (stride == 1 ? 0 : 2 * stride);
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
                const int32_t at = from == full && i > 0 ? job->rest[i - 1] : i * job->step;
                to[at] = tc_ssat8(tc_smmlar(sum, job->channel[1], half) >> job->channel[3]);
            }
        }
        job->from += job->next_from / 2;
        job->to += job->next_to;
    }
}

#endif

typedef void (*tc_depthwise_run)(tc_depthwise_job *);

static TC_INLINE void tc_depthwise_3x3(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out, void *scratch,
                                       tc_depthwise_run run) {
    const int32_t each = p->inner_stride == 1 ? 4 : 2;
    const int32_t block = each * p->inner_stride * 2;
    const int32_t rest = p->inner_out % each;
    int16_t *buffer = (int16_t *)scratch;
    tc_depthwise_job job;
    job.step = p->inner_out_step;
    job.even_bytes = p->inner_out / each * block;
    job.odd_bytes = rest > 0 ? block : 0;
    job.pitch_bytes = p->pitch * 2 - (p->inner_stride == 1 ? 0 : block);
    for (int32_t i = 1; i < 4; i++) {
        job.rest[i - 1] = i < rest ? i * job.step : 0;
    }
    job.next_from = p->outer_stride * p->pitch * 2;
    job.next_to = p->outer_out_step;
    tc_plane_clear(p, buffer);
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int8_t *w = p->weights;
        for (int32_t c = 0; c < p->in_c; c++) {
            job.from = tc_plane_of(p, in, c, buffer);
            job.to = out + c;
            for (int32_t i = 0; i < 6; i += 2, w += 3) {
                job.taps[i] = tc_pack16(2 * w[0], 2 * w[1]);
                job.taps[i + 1] = tc_pack16(2 * w[1], 2 * w[2]);
            }
            tc_plane_channel(p, c, job.channel);
            job.channel[0] = tc_add(job.channel[0], job.channel[0]);
            job.lines = p->outer_out;
            run(&job);
        }
    }
}

#endif

/* One channel of a depthwise 3x3 convolution over its widened plane, two outputs at a time. */
#ifndef TC_DEPTHWISE_3X3_H
#define TC_DEPTHWISE_3X3_H

#include "tc_depthwise_plane.h"

/* The assembly knows the offsets. */
typedef struct {
    const int16_t *from; /* 0: first line of the window; advanced */
    int8_t *to;          /* 4: advanced */
    uint32_t taps[6];    /* 8: per line, taps 0 and 1, then 1 and 2 */
    int32_t channel[4];  /* 32: bias, multiplier, half, shift */
    int32_t step;        /* 48: bytes from one output to the next */
    int32_t even_bytes;  /* 52: buffer bytes to step over for the full pairs of outputs of a line */
    int32_t odd_bytes;   /* 56: the same for a single output at the end of a line, or 0 */
    int32_t pitch_bytes; /* 60: from one line of the buffer to the next, less what a pair of outputs steps over */
    int32_t lines;       /* 64: counted down */
    int32_t next_from;   /* 68: bytes from line to line of windows */
    int32_t next_to;     /* 72: and of outputs */
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

/* Nine taps for each of two outputs, r2 and r3, side by side. */
#define TC_DEPTHWISE_PAIR_1      \
    "ldrd r10, r11, [r0], #4\n"  \
    "ldr r12, [sp]\n"            \
    "smlad r2, r10, r4, r12\n"   \
    "smlatb r3, r10, r4, r12\n"  \
    "add r12, r0, lr\n"          \
    "smlabt r2, r11, r5, r2\n"   \
    "smlad r3, r11, r5, r3\n"    \
    "ldrd r10, r11, [r12]\n"     \
    "add r12, r12, lr\n"         \
    "smlad r2, r10, r6, r2\n"    \
    "smlatb r3, r10, r6, r3\n"   \
    "smlabt r2, r11, r7, r2\n"   \
    "smlad r3, r11, r7, r3\n"    \
    "ldrd r10, r11, [r12, #4]\n" \
    "smlad r2, r10, r8, r2\n"    \
    "smlatb r3, r10, r8, r3\n"   \
    "smlabt r2, r11, r9, r2\n"   \
    "smlad r3, r11, r9, r3\n"

/* The same for outputs two values apart. */
#define TC_DEPTHWISE_PAIR_2      \
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
    "lsl r2, r2, #1\n"            \
    "lsl r3, r3, #1\n"            \
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

#else

/* `stride` is a constant where this is inlined. */
static TC_INLINE void tc_depthwise_twin(tc_depthwise_job *job, int32_t stride) {
    const int32_t pitch = job->pitch_bytes / 2 + 2 * stride;
    for (; job->lines > 0; job->lines--) {
        const int16_t *from = job->from;
        int8_t *to = job->to;
        const int16_t *end = from + (job->even_bytes + job->odd_bytes) / 2;
        for (; from != end; from += 2 * stride, to += 2 * job->step) {
            const int single = job->odd_bytes != 0 && from + 2 * stride == end;
            int32_t sum[2];
            for (int i = 0; i < 2; i++) {
                sum[i] = job->channel[0];
                for (int k = 0; k < 3; k++) {
                    const int16_t *line = from + k * pitch + i * stride;
                    sum[i] = tc_smlad(tc_load32(line), job->taps[2 * k], sum[i]);
                    sum[i] = tc_add(sum[i], line[2] * tc_high16(job->taps[2 * k + 1]));
                }
            }
            to[single ? 0 : job->step] = tc_fast_finish(sum[1], job->channel);
            to[0] = tc_fast_finish(sum[0], job->channel);
        }
        job->from += job->next_from / 2;
        job->to += job->next_to;
    }
}

#endif

typedef void (*tc_depthwise_run)(tc_depthwise_job *);

static TC_INLINE void tc_depthwise_3x3(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out, void *scratch,
                                       tc_depthwise_run run) {
    int16_t *buffer = (int16_t *)scratch;
    tc_depthwise_job job;
    job.step = p->inner_out_step;
    job.even_bytes = p->inner_out / 2 * p->inner_stride * 4;
    job.odd_bytes = p->inner_out % 2 * p->inner_stride * 4;
    job.pitch_bytes = p->pitch * 2 - p->inner_stride * 4;
    job.next_from = p->outer_stride * p->pitch * 2;
    job.next_to = p->outer_out_step;
    tc_plane_clear(p, buffer);
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int8_t *w = p->weights;
        for (int32_t c = 0; c < p->in_c; c++) {
            job.from = tc_plane_of(p, in, c, buffer);
            job.to = out + c;
            for (int32_t i = 0; i < 6; i += 2, w += 3) {
                job.taps[i] = tc_pack16(w[0], w[1]);
                job.taps[i + 1] = tc_pack16(w[1], w[2]);
            }
            tc_plane_channel(p, c, job.channel);
            job.lines = p->outer_out;
            run(&job);
        }
    }
}

#endif

/* The windows of two strips of output pixels side by side, without a copy per tap: a word holds a value of strip A plus
 * 2^23 times the one of strip B, which lies one row of output further down (or, where the output is one row, further to
 * the right). A tap is a place in these words, the next pixel the word behind. */
#ifndef TC_CONV_STRIPS_H
#define TC_CONV_STRIPS_H

#include "tc_conv.h"
#include "tc_dsp.h"

/* A run of pixels; the words of a pixel's channels are `step` apart, the next pixel's are the words behind. From pixel
 * to pixel A and B skip so many bytes behind the channels. The assembly knows the offsets. */
typedef struct {
    uint32_t *to;    /* 0 */
    const int8_t *a; /* 4 */
    const int8_t *b; /* 8 */
    int32_t pixels;  /* 12: 1 or more */
    int32_t count;   /* 16: channels; fours of them for the assembly */
    int32_t step;    /* 20; in bytes for the assembly */
    int32_t skip_a;  /* 24 */
    int32_t skip_b;  /* 28 */
} tc_strips_job;

#if TC_DSP_ASM
static TC_NOINLINE __attribute__((naked)) void tc_strips_widen(const tc_strips_job *job __attribute__((unused))) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldm r0, {r0, r1, r2, r3, r4, r5, r6, r7}\n"
                     "push {r0, r4, r6, r7}\n" /* to, fours, skips */
                     "add r9, r5, r5, lsl #1\n"
                     "1:\n"
                     "ldrd r0, lr, [sp]\n"
                     "2:\n"
                     "ldr r4, [r1], #4\n"
                     "ldr r12, [r2], #4\n"
                     "sxtb r6, r4\n"
                     "sxtb.w r7, r12\n"
                     "sxtb.w r8, r4, ror #8\n"
                     "sxtb.w r10, r12, ror #8\n"
                     "add r6, r6, r7, lsl #23\n"
                     "add r8, r8, r10, lsl #23\n"
                     "str r6, [r0]\n"
                     "str r8, [r0, r5]\n"
                     "sxtb.w r6, r4, ror #16\n"
                     "sxtb.w r7, r12, ror #16\n"
                     "asr r8, r4, #24\n"
                     "asr r10, r12, #24\n"
                     "add r6, r6, r7, lsl #23\n"
                     "add r8, r8, r10, lsl #23\n"
                     "str r6, [r0, r5, lsl #1]\n"
                     "str r8, [r0, r9]\n"
                     "add r0, r0, r5, lsl #2\n"
                     "subs lr, lr, #1\n"
                     "bne 2b\n"
                     "ldr r0, [sp]\n"
                     "ldrd r6, r7, [sp, #8]\n"
                     "add r0, r0, #4\n"
                     "str r0, [sp]\n"
                     "add r1, r1, r6\n"
                     "add r2, r2, r7\n"
                     "subs r3, r3, #1\n"
                     "bne 1b\n"
                     "add sp, sp, #16\n"
                     "pop {r4-r11, pc}\n");
}
#endif

static TC_INLINE void tc_strips_run(tc_strips_job *job) {
#if TC_DSP_ASM
    if (job->count % 4 == 0) {
        job->count /= 4;
        job->step *= 4;
        tc_strips_widen(job);
        return;
    }
#endif
    for (int32_t i = 0; i < job->pixels; i++, job->a += job->skip_a, job->b += job->skip_b) {
        uint32_t *to = job->to + i;
        for (int32_t c = job->count; c > 0; c--, to += job->step) {
            *to = (uint32_t)(int32_t)*job->a++ + ((uint32_t)(int32_t)*job->b++ << 23);
        }
    }
}

/* Pixels from `column` on, `stride` apart, until the image begins or ends for one of the strips. */
static TC_INLINE int32_t tc_strips_alike(int32_t column, int32_t width, int32_t stride, int32_t most) {
    int32_t count = 0;
    const int inside = (uint32_t)column < (uint32_t)width;
    do {
        count++;
        column += stride;
    } while (count < most && ((uint32_t)column < (uint32_t)width) == inside);
    return count;
}

/* The windows of strips A and B, of which A begins at output pixel y, x. */
static TC_NOINLINE void tc_strips_gather(const tc_s8_conv_sparse *p, const int8_t *image, int32_t y, int32_t x,
                                         const int8_t *zeros, uint32_t *values) {
    const int flat = p->window.out_h == 1;
    const int32_t down = flat ? 0 : p->window.stride_h;
    const int32_t right = flat ? p->columns * p->window.stride_w : 0;
    const int32_t between = p->window.stride_w * p->window.in_c;
    int32_t row = y * p->window.stride_h - p->window.pad_top;
    for (int32_t ky = 0; ky < p->window.kernel_h;
         ky++, row += p->window.dilation_h, values += p->window.in_c * p->phases * p->run) {
        const int row_a = (uint32_t)row < (uint32_t)p->window.in_h;
        const int row_b = (uint32_t)(row + down) < (uint32_t)p->window.in_h;
        for (int32_t phase = 0; phase < p->phases; phase++) {
            int32_t column = x * p->window.stride_w - p->window.pad_left + phase;
            for (int32_t i = 0; i < p->run;) {
                const int in_a = row_a && (uint32_t)column < (uint32_t)p->window.in_w;
                const int in_b = row_b && (uint32_t)(column + right) < (uint32_t)p->window.in_w;
                int32_t count = tc_strips_alike(column, p->window.in_w, p->window.stride_w, p->run - i);
                if (flat) {
                    count = tc_strips_alike(column + right, p->window.in_w, p->window.stride_w, count);
                }
                tc_strips_job job;
                job.to = values + phase * p->run + i;
                job.a = in_a ? image + (row * p->window.in_w + column) * p->window.in_c : zeros;
                job.b = in_b ? image + ((row + down) * p->window.in_w + column + right) * p->window.in_c : zeros;
                job.pixels = count;
                job.count = p->window.in_c;
                job.step = p->phases * p->run;
                job.skip_a = (in_a ? between : 0) - p->window.in_c;
                job.skip_b = (in_b ? between : 0) - p->window.in_c;
                tc_strips_run(&job);
                i += count;
                column += count * p->window.stride_w;
            }
        }
    }
}

#endif

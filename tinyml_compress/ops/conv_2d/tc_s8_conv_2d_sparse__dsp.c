/* Convolution that touches only weights that are not zero, for input channels in fours: the windows of eight output
 * pixels lie value by value, the eight side by side, and each weight (a byte, and a byte that says how many values to
 * step on) serves them all. Taps outside the image hold the zero point, which the bias expects. Scratch: 16 bytes per
 * value of a window, channel parameters where these are packed, eight pixels of output, one pixel of zero points.
 * Output may run over input that no later block of pixels reads. */
#include "tc_conv_sparse.h"

typedef struct {
    int32_t batch;
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h;
    int32_t out_w;
    int32_t out_c;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t in_zero;
    int32_t out_zero;
    int32_t packed;          /* whether `channels` is as tc_fast_unpack takes it, or as tc_fast_finish does */
    const int8_t *weights;   /* per channel pairs of [step, weight] */
    const uint16_t *counts;  /* per channel */
    const int32_t *channels; /* per channel */
} tc_s8_conv_sparse;

/* `words` (1 or more) times four values of two neighbouring pixels of the eight. */
#if TC_DSP_ASM
static TC_NOINLINE __attribute__((naked)) void tc_sparse_widen(uint32_t *to __attribute__((unused)),
                                                               const int8_t *first __attribute__((unused)),
                                                               const int8_t *second __attribute__((unused)),
                                                               int32_t words __attribute__((unused))) {
    __asm__ volatile("push {r4-r9}\n"
                     "1:\n"
                     "ldr r4, [r1], #4\n"
                     "ldr r5, [r2], #4\n"
                     "sxtb16 r6, r4\n"
                     "sxtb16 r7, r5\n"
                     "sxtb16 r4, r4, ror #8\n"
                     "sxtb16 r5, r5, ror #8\n"
                     "pkhbt r8, r6, r7, lsl #16\n"
                     "pkhbt r9, r4, r5, lsl #16\n"
                     "pkhtb r6, r7, r6, asr #16\n"
                     "pkhtb r4, r5, r4, asr #16\n"
                     "str r8, [r0]\n"
                     "str r9, [r0, #16]\n"
                     "str r6, [r0, #32]\n"
                     "str r4, [r0, #48]\n"
                     "adds r0, r0, #64\n"
                     "subs r3, r3, #1\n"
                     "bne 1b\n"
                     "pop {r4-r9}\n"
                     "bx lr\n");
}
#else
static TC_NOINLINE void tc_sparse_widen(uint32_t *to, const int8_t *first, const int8_t *second, int32_t words) {
    for (; words > 0; words--, to += 16, first += 4, second += 4) {
        const uint32_t one = tc_load32(first);
        const uint32_t two = tc_load32(second);
        const uint32_t a = tc_sxtb16(one);
        const uint32_t b = tc_sxtb16_odd(one);
        const uint32_t c = tc_sxtb16(two);
        const uint32_t d = tc_sxtb16_odd(two);
        to[0] = (a & 0xffffu) | c << 16;
        to[4] = (b & 0xffffu) | d << 16;
        to[8] = a >> 16 | (c & 0xffff0000u);
        to[12] = b >> 16 | (d & 0xffff0000u);
    }
}
#endif

typedef struct {
    const int8_t *image;
    int32_t y;
    int32_t x;
} tc_sparse_at;

static TC_INLINE void tc_sparse_next(const tc_s8_conv_sparse *p, tc_sparse_at *at) {
    if (++at->x == p->out_w) {
        at->x = 0;
        if (++at->y == p->out_h) {
            at->y = 0;
            at->image += p->in_h * p->in_w * p->in_c;
        }
    }
}

static TC_INLINE const int8_t *tc_sparse_tap(const tc_s8_conv_sparse *p, const tc_sparse_at *at, int32_t ky, int32_t kx,
                                             const int8_t *zeros) {
    const int32_t y = at->y * p->stride_h - p->pad_top + ky * p->dilation_h;
    const int32_t x = at->x * p->stride_w - p->pad_left + kx * p->dilation_w;
    if ((uint32_t)y >= (uint32_t)p->in_h || (uint32_t)x >= (uint32_t)p->in_w) {
        return zeros;
    }
    return at->image + (y * p->in_w + x) * p->in_c;
}

/* The windows of two pixels. */
static TC_NOINLINE void tc_sparse_gather(const tc_s8_conv_sparse *p, const tc_sparse_at at[2], const int8_t *zeros,
                                         uint32_t *to) {
    const int32_t reach = (p->kernel_w - 1) * p->dilation_w;
    int whole = p->dilation_w == 1; /* a line of taps is one run */
    for (int i = 0; i < 2; i++) {
        const int32_t left = at[i].x * p->stride_w - p->pad_left;
        whole = whole && left >= 0 && left + reach < p->in_w;
    }
    const int32_t words = p->kernel_w * p->in_c / 4;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int8_t *first = tc_sparse_tap(p, &at[0], ky, 0, zeros);
        const int8_t *second = tc_sparse_tap(p, &at[1], ky, 0, zeros);
        if (whole && first != zeros && second != zeros) {
            tc_sparse_widen(to, first, second, words);
            to += 16 * words;
            continue;
        }
        for (int32_t kx = 0; kx < p->kernel_w; kx++, to += 4 * p->in_c) {
            tc_sparse_widen(to, tc_sparse_tap(p, &at[0], ky, kx, zeros), tc_sparse_tap(p, &at[1], ky, kx, zeros),
                            p->in_c / 4);
        }
    }
}

TC_KERNEL void tc_s8_conv_2d_sparse__dsp(const tc_s8_conv_sparse *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = p->kernel_h * p->kernel_w * p->in_c;
    uint32_t *values = (uint32_t *)scratch;
    int32_t *unpacked = (int32_t *)scratch + 4 * depth;
    int8_t *spare = (int8_t *)(unpacked + (p->packed ? 4 * p->out_c : 0));
    int8_t *zeros = spare + 8 * p->out_c;
    tc_sparse_job job;
    if (p->packed) {
        for (int32_t c = 0; c < p->out_c; c++) {
            tc_fast_unpack(p->channels + 2 * c, p->out_zero, unpacked + 4 * c);
        }
    }
    for (int32_t c = 0; c < p->in_c; c++) {
        zeros[c] = (int8_t)p->in_zero;
    }
    tc_sparse_at at[2] = {{in, 0, 0}, {in, 0, 0}};
    for (int32_t left = p->batch * p->out_h * p->out_w; left > 0; left -= 8) {
        const int32_t count = left < 8 ? left : 8;
        for (int32_t i = 0; i < count; i += 2) {
            at[1] = at[0];
            if (i + 1 < count) {
                tc_sparse_next(p, &at[1]);
            }
            tc_sparse_gather(p, at, zeros, values + i / 2);
            at[0] = at[1];
            tc_sparse_next(p, &at[0]);
        }
        job.out = count == 8 ? out : spare;
        job.weights = p->weights;
        job.counts = p->counts;
        job.channels = p->packed ? unpacked : p->channels;
        job.left = p->out_c;
        job.out_c = p->out_c;
        job.values = (const int16_t *)(const void *)values;
        tc_sparse_block(&job);
        if (count < 8) {
            for (int32_t i = 0; i < count * p->out_c; i++) {
                out[i] = spare[i];
            }
        }
        out += 8 * p->out_c;
    }
}

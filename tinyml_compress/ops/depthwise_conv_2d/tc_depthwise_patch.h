/* Depthwise convolution on Helium. A channel's image lies in a buffer of bytes with its padding round it. A gathering
 * load takes the values of windows that lie together, at most sixteen; each window's sum is one VMLADAV with its
 * channel's weights at its own places and zeros elsewhere. Four outputs of a channel at a time are requantized and
 * written where they belong. At the ends of lines blocks of outputs overlap. Each output byte lies where only its own
 * channel's input lay: output may lie exactly over input of the same shape. */
#ifndef TC_DEPTHWISE_PATCH_H
#define TC_DEPTHWISE_PATCH_H

#include "tc_mve.h"

/* What a channel's blocks have in common. */
typedef struct {
    uint8x16_t offsets;
    int8x16_t weights[4];
    int8_t *stored; /* of kernels with more taps than a load takes: their weights, and what else is per load */
    const uint8_t *picks;
    const int32_t *bases;
    int32_t loads;
    uint32x4_t places;
    int32_t second, third, fourth;
    int32_t bias, multiplier, half, shift;
    int32_t low, high;
} tc_patch_channel;

/* One line of a channel's image, values `step` bytes apart; `steps` is where the first eight lie. */
static TC_INLINE void tc_patch_line(const uint8_t *from, uint8_t *to, int32_t count, int32_t step, uint16x8_t steps) {
#if TC_MVE_ASM
    __asm__ volatile("dlstp.16 lr, %[count]\n"
                     "1: vldrb.u16 q0, [%[from], %q[steps]]\n\t"
                     "add %[from], %[from], %[step]\n\t"
                     "vstrb.16 q0, [%[to]], #8\n\t"
                     "letp lr, 1b"
                     : [from] "+r"(from), [to] "+l"(to)
                     : [count] "r"(count), [step] "r"(8 * step), [steps] "w"(steps)
                     : "q0", "lr", "cc", "memory");
#else
    for (; count > 0; count -= 8, from += 8 * step, to += 8) {
        const mve_pred16_t some = vctp16q((uint32_t)count);
        vstrbq_p_u16(to, vldrbq_gather_offset_z_u16(from, steps, some), some);
    }
#endif
}

static TC_NOINLINE void tc_patch_gather(const tc_s8_depthwise_patch *p, const int8_t *in, uint8_t *line) {
    const int32_t step = p->inner_in_step;
    const uint16x8_t steps = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step);
    for (int32_t o = p->outer_in; o > 0; o--, line += p->pitch, in += p->outer_in_step) {
        tc_patch_line((const uint8_t *)in, line, p->inner_in, step, steps);
    }
}

/* The weights of one window, each where the gathering load has its value; `pick` names them, 255 none. GCC before 12.3
 * does not compile comparisons with a scalar (its PR 107987). */
static TC_INLINE int8x16_t tc_patch_weights(const int8_t *weights, const uint8_t *pick) {
    const uint8x16_t picked = vldrbq_u8(pick);
    return vldrbq_gather_offset_z_s8(weights, picked, vcmpneq_u8(picked, vdupq_n_u8(255)));
}

static TC_INLINE void tc_patch_take(tc_patch_channel *c, const int8_t *weights, int windows) {
    for (int i = 0; i < windows; i++) {
        c->weights[i] = tc_patch_weights(weights, c->picks + 16 * (i + 1));
    }
}

static TC_INLINE void tc_patch_store(tc_patch_channel *c, const int8_t *weights, int windows) {
    for (int32_t i = 0; i < c->loads; i++) {
        vstrbq_s8(c->stored + 16 * i, tc_patch_weights(weights, c->picks + 16 * (windows + 1) * i + 16));
    }
}

/* Four windows in one load, two, one, and one in several. */
static TC_INLINE int32x4_t tc_patch_sums_4(const int8_t *x, const tc_patch_channel *c) {
    const int8x16_t all = vldrbq_gather_offset_s8(x, c->offsets);
    return tc_mve_four(vmladavq_s8(all, c->weights[0]), vmladavq_s8(all, c->weights[1]),
                       vmladavq_s8(all, c->weights[2]), vmladavq_s8(all, c->weights[3]));
}

static TC_INLINE int32x4_t tc_patch_sums_2(const int8_t *x, const tc_patch_channel *c) {
    const int8x16_t first = vldrbq_gather_offset_s8(x, c->offsets);
    const int8x16_t last = vldrbq_gather_offset_s8(x + c->third, c->offsets);
    return tc_mve_four(vmladavq_s8(first, c->weights[0]), vmladavq_s8(first, c->weights[1]),
                       vmladavq_s8(last, c->weights[0]), vmladavq_s8(last, c->weights[1]));
}

static TC_INLINE int32x4_t tc_patch_sums_1(const int8_t *x, const tc_patch_channel *c) {
    return tc_mve_four(vmladavq_s8(vldrbq_gather_offset_s8(x, c->offsets), c->weights[0]),
                       vmladavq_s8(vldrbq_gather_offset_s8(x + c->second, c->offsets), c->weights[0]),
                       vmladavq_s8(vldrbq_gather_offset_s8(x + c->third, c->offsets), c->weights[0]),
                       vmladavq_s8(vldrbq_gather_offset_s8(x + c->fourth, c->offsets), c->weights[0]));
}

static TC_INLINE int32x4_t tc_patch_sums_many(const int8_t *x, const tc_patch_channel *c) {
    int32x4_t sums = vdupq_n_s32(0);
    for (int32_t i = 0; i < c->loads; i++) {
        const int8_t *from = x + c->bases[i];
        const uint8x16_t offsets = vldrbq_u8(c->picks + 32 * i);
        const int8x16_t weights = vldrbq_s8(c->stored + 16 * i);
        const int32_t first = vmladavq_s8(vldrbq_gather_offset_s8(from, offsets), weights);
        const int32_t second = vmladavq_s8(vldrbq_gather_offset_s8(from + c->second, offsets), weights);
        const int32_t third = vmladavq_s8(vldrbq_gather_offset_s8(from + c->third, offsets), weights);
        const int32_t fourth = vmladavq_s8(vldrbq_gather_offset_s8(from + c->fourth, offsets), weights);
        sums = vaddq_s32(sums, tc_mve_four(first, second, third, fourth));
    }
    return sums;
}

/* Requantized as tc_fast_finish does it. */
static TC_INLINE int32x4_t tc_patch_scaled(int32x4_t sums, const tc_patch_channel *c) {
    const int32x4_t sum = vaddq_n_s32(sums, c->bias);
    const int32x4_t scaled = vaddq_s32(vqrdmulhq_n_s32(sum, c->multiplier), vshrq_n_s32(sum, 31));
    return vshlq_r_s32(vaddq_n_s32(scaled, c->half), -c->shift);
}

/* Bounded by those of int8. */
static TC_INLINE int32x4_t tc_patch_narrowed(int32x4_t value) {
    const int16x8_t half = vqmovnbq_s32(vreinterpretq_s16_s32(value), value);
    return vreinterpretq_s32_s8(vqmovnbq_s16(vreinterpretq_s8_s16(half), half));
}

static TC_INLINE int32x4_t tc_patch_finish_any(int32x4_t sums, const tc_patch_channel *c) {
    return vminq_s32(vmaxq_s32(tc_patch_scaled(sums, c), vdupq_n_s32(c->low)), vdupq_n_s32(c->high));
}

static TC_INLINE int32x4_t tc_patch_finish(int32x4_t sums, const tc_patch_channel *c) {
    return tc_patch_narrowed(tc_patch_scaled(sums, c));
}

/* The same where the lower bound is the zero point: which way the ties of negative sums go does not matter then. */
static TC_INLINE int32x4_t tc_patch_finish_relu(int32x4_t sums, const tc_patch_channel *c) {
    const int32x4_t sum = vaddq_n_s32(sums, c->bias);
    return tc_patch_narrowed(vshlq_r_s32(vqrdmlashq_n_s32(sum, vdupq_n_s32(c->multiplier), c->half), -c->shift));
}

#endif

/* Depthwise convolution along one axis, frame by frame, of images one value wide. The frames of four channels are
 * widened to pairs that begin at even frames. Outputs at even frames take the taps in pairs too, those at odd ones as
 * if another tap of 0 stood before them; so both read the same pairs, and four outputs of a channel share each pair of
 * taps. Taps and bias are doubled, as the product that scales a sum wants it. Each output byte lies where its own
 * channel's values were read, all of them before: output may lie exactly over input. */
#include "tc_depthwise_fours.h"

/* Of two frames of taps, and the one before, as tc_sxtb16 and tc_sxtb16_odd give them: the pairs of one channel in the
 * lower halves and of one in the upper, `size` words apart. */
static TC_INLINE void tc_column_taps(uint32_t before, uint32_t first, uint32_t second, uint32_t *to, int32_t size) {
    to[0] = (first & 0xffffu) | second << 16;
    to[1] = (before & 0xffffu) | first << 16;
    to[size] = first >> 16 | (second & 0xffff0000u);
    to[size + 1] = before >> 16 | (first & 0xffff0000u);
}

/* All taps of four channels; behind the last ones stand zeros. */
static TC_NOINLINE void tc_column_weights(const tc_s8_depthwise_column_pairs *p, const int8_t *w, uint32_t *to) {
    const int32_t size = 2 * p->steps;
    uint32_t even_before = 0;
    uint32_t odd_before = 0;
    int32_t left = p->taps;
    for (int32_t step = p->steps; step > 0; step--, left -= 2, w += 2 * p->in_c, to += 2) {
        const uint32_t first = left > 0 ? tc_load32(w) : 0;
        const uint32_t second = left > 1 ? tc_load32(w + p->in_c) : 0;
        const uint32_t even_first = tc_sxtb16(first);
        const uint32_t odd_first = tc_sxtb16_odd(first);
        const uint32_t even_second = tc_sxtb16(second);
        const uint32_t odd_second = tc_sxtb16_odd(second);
        const uint32_t even = tc_sadd16(even_first, even_first);
        const uint32_t odd = tc_sadd16(odd_first, odd_first);
        const uint32_t even_next = tc_sadd16(even_second, even_second);
        const uint32_t odd_next = tc_sadd16(odd_second, odd_second);
        tc_column_taps(even_before, even, even_next, to, 2 * size);
        tc_column_taps(odd_before, odd, odd_next, to + size, 2 * size);
        even_before = even_next;
        odd_before = odd_next;
    }
}

/* A channel's outputs in fours. */
typedef struct {
    int32_t multiplier, half, shift;
    int32_t step; /* bytes from one output to the next */
    int8_t *to, *end;
    int32_t bias;
    int32_t steps;        /* 2 or more */
    const uint32_t *taps; /* of each step the pair for even outputs, and the one for odd ones */
    int32_t back;         /* bytes from behind the pairs that a block reads to the next block's first */
} tc_column_fours;

/* At least one block, from the pair `x` on. Its end is tc_fast_finish of sums that are doubled. */
static TC_NOINLINE void tc_column_blocks(tc_column_fours *f, const uint32_t *x) {
#if TC_DSP_ASM
    int32_t sum0, sum1, sum2, sum3, left;
    const uint32_t *w;
    __asm__ volatile("1:\n"
                     "ldrd %[sum0], %[left], [%[f], #24]\n"
                     "ldr %[w], [%[f], #32]\n"
                     "ldr r2, [%[x]], #4\n"
                     "ldrd r5, r6, [%[w]], #8\n"
                     "ldrd r3, r4, [%[x]], #8\n"
                     "subs %[left], %[left], #3\n"
                     "smlad %[sum1], r2, r6, %[sum0]\n"
                     "smlad %[sum2], r3, r5, %[sum0]\n"
                     "smlad %[sum3], r3, r6, %[sum0]\n"
                     "smlad %[sum0], r2, r5, %[sum0]\n"
                     "blt 3f\n"
                     "2:\n"
                     "ldrd r5, r6, [%[w]], #8\n"
                     "mov r2, r4\n"
                     "subs %[left], %[left], #2\n"
                     "smlad %[sum0], r3, r5, %[sum0]\n"
                     "smlad %[sum1], r3, r6, %[sum1]\n"
                     "smlad %[sum2], r4, r5, %[sum2]\n"
                     "smlad %[sum3], r4, r6, %[sum3]\n"
                     "ldrd r5, r6, [%[w]], #8\n"
                     "ldrd r3, r4, [%[x]], #8\n"
                     "smlad %[sum0], r2, r5, %[sum0]\n"
                     "smlad %[sum1], r2, r6, %[sum1]\n"
                     "smlad %[sum2], r3, r5, %[sum2]\n"
                     "smlad %[sum3], r3, r6, %[sum3]\n"
                     "bge 2b\n"
                     "3:\n"
                     "adds %[left], %[left], #1\n"
                     "bmi 4f\n"
                     "ldrd r5, r6, [%[w]]\n"
                     "smlad %[sum0], r3, r5, %[sum0]\n"
                     "smlad %[sum1], r3, r6, %[sum1]\n"
                     "smlad %[sum2], r4, r5, %[sum2]\n"
                     "smlad %[sum3], r4, r6, %[sum3]\n"
                     "4:\n"
                     "ldm %[f], {r2, r3, r4, r5, r6}\n"
                     "ldr %[w], [%[f], #36]\n"
                     "add %[left], r3, %[sum0], asr #31\n"
                     "smmlar %[sum0], %[sum0], r2, %[left]\n"
                     "add %[left], r3, %[sum1], asr #31\n"
                     "smmlar %[sum1], %[sum1], r2, %[left]\n"
                     "add %[left], r3, %[sum2], asr #31\n"
                     "smmlar %[sum2], %[sum2], r2, %[left]\n"
                     "add %[left], r3, %[sum3], asr #31\n"
                     "smmlar %[sum3], %[sum3], r2, %[left]\n"
                     "sub %[x], %[x], %[w]\n"
                     "asr %[sum0], %[sum0], r4\n"
                     "ssat %[sum0], #8, %[sum0]\n"
                     "strb %[sum0], [r6]\n"
                     "asr %[sum1], %[sum1], r4\n"
                     "ssat %[sum1], #8, %[sum1]\n"
                     "strb %[sum1], [r6, r5]\n"
                     "add r6, r6, r5, lsl #1\n"
                     "asr %[sum2], %[sum2], r4\n"
                     "ssat %[sum2], #8, %[sum2]\n"
                     "strb %[sum2], [r6]\n"
                     "asr %[sum3], %[sum3], r4\n"
                     "ssat %[sum3], #8, %[sum3]\n"
                     "strb %[sum3], [r6, r5]\n"
                     "ldr %[left], [%[f], #20]\n"
                     "add r6, r6, r5, lsl #1\n"
                     "str r6, [%[f], #16]\n"
                     "cmp r6, %[left]\n"
                     "bne 1b\n"
                     : [x] "+&r"(x), [w] "=&r"(w), [left] "=&r"(left), [sum0] "=&r"(sum0), [sum1] "=&r"(sum1),
                       [sum2] "=&r"(sum2), [sum3] "=&r"(sum3)
                     : [f] "r"(f)
                     : "r2", "r3", "r4", "r5", "r6", "cc", "memory");
#else
    for (; f->to != f->end; x += 2) {
        for (int32_t i = 0; i < 4; i++, f->to += f->step) {
            int32_t sum = f->bias;
            for (int32_t k = 0; k < f->steps; k++) {
                sum = tc_smlad(x[i / 2 + k], f->taps[2 * k + i % 2], sum);
            }
            *f->to = tc_ssat8(tc_smmlar(sum, f->multiplier, f->half + (sum >> 31)) >> f->shift);
        }
    }
#endif
}

/* Outputs that are not four, by way of bytes of their own. */
static TC_NOINLINE void tc_column_rest(tc_column_fours *f, const uint32_t *x, int32_t rest) {
    int8_t last[4];
    const int32_t step = f->step;
    int8_t *to = f->to;
    f->step = 1;
    f->to = last;
    f->end = last + 4;
    tc_column_blocks(f, x);
    f->step = step;
    for (int32_t i = 0; i < rest; i++, to += step) {
        *to = last[i];
    }
}

TC_KERNEL void tc_s8_depthwise_conv_2d_column_pairs__dsp(const tc_s8_depthwise_column_pairs *p, const int8_t *in,
                                                         int8_t *out, void *scratch) {
    const int32_t channels = p->in_c;
    const int32_t pairs = p->in_rows / 2;
    const int32_t fours = p->out_rows / 4;
    const int32_t rest = p->out_rows % 4;
    const int32_t line = p->line;
    const int32_t size = 2 * p->steps;
    uint32_t *taps = (uint32_t *)scratch;
    uint32_t *values = taps + 4 * size;
    tc_column_fours f;
    f.step = channels;
    f.steps = p->steps;
    f.back = 8 * ((p->steps + 1) / 2) - 4;
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int32_t *packed = p->channels;
        for (int32_t c = 0; c < channels; c += 4) {
            tc_column_weights(p, p->weights + c, taps);
            tc_plane_pairs(in + c, channels, (int16_t *)(void *)values, 2 * line, pairs);
            if (p->in_rows % 2 != 0) {
                tc_plane_one(in + c + 2 * pairs * channels, (int16_t *)(void *)(values + pairs), 2 * line);
            }
            const uint32_t *x = values;
            f.taps = taps;
            for (int32_t i = 0; i < 4; i++, packed += 2, x += line, f.taps += size) {
                int32_t fast[4];
                tc_fast_unpack(packed, p->out_zero, fast);
                f.bias = 2 * fast[0];
                f.multiplier = fast[1];
                f.half = fast[2];
                f.shift = fast[3];
                f.to = out + c + i;
                if (fours > 0) {
                    f.end = f.to + 4 * fours * channels;
                    tc_column_blocks(&f, x);
                }
                if (rest > 0) {
                    tc_column_rest(&f, x + 2 * fours, rest);
                }
            }
        }
    }
}

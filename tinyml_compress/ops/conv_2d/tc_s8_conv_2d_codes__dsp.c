/* Convolution whose weights are numbers of a small table (a code book), for input channels in fours and channels in
 * pairs: the weights of each two channels are unpacked into scratch and serve a band of four rows of output, as many
 * columns as fit. A band's windows lie column by column, its four rows side by side, so that the columns of a window
 * follow each other. Scratch: these, the unpacked weights of two channels and their tables, channel parameters, one
 * pixel of zero points. Output may run over input that no later band reads. */
#include "tc_conv_block_any.h"
#include "tc_conv_widen.h"

/* The table of a channel. */
static TC_INLINE void tc_codes_table(const tc_s8_conv_codes *p, int32_t channel, int8_t *to) {
    const int32_t count = (int32_t)1 << p->bits;
    for (int32_t i = 0; i < count; i++) {
        if (p->factors != NULL) {
            const int32_t product = p->centroids[i] * (int32_t)p->factors[channel];
            to[i] = (int8_t)((product + ((int32_t)1 << (p->shift - 1))) >> p->shift);
        } else {
            to[i] = p->books[channel * count + i];
        }
    }
}

#if TC_DSP_ASM
/* Codes of 4 bits by eights: 8 weights in 35 instructions. */
static TC_NOINLINE __attribute__((naked)) void tc_codes_unpack_4(const uint8_t *from __attribute__((unused)),
                                                                 int32_t eights __attribute__((unused)),
                                                                 const int8_t *table __attribute__((unused)),
                                                                 int8_t *to __attribute__((unused))) {
    __asm__ volatile("push {r4-r8}\n"
                     "add r12, r2, #16\n"
                     "1:\n"
                     "ldr r4, [r0], #4\n"
                     "and r5, r4, #15\n"
                     "ubfx r6, r4, #4, #4\n"
                     "ubfx r7, r4, #8, #4\n"
                     "ubfx r8, r4, #12, #4\n"
                     "ldrb r5, [r2, r5]\n"
                     "ldrb.w r6, [r12, r6]\n"
                     "ldrb r7, [r2, r7]\n"
                     "ldrb.w r8, [r12, r8]\n"
                     "orr r5, r5, r6, lsl #8\n"
                     "ubfx r6, r4, #16, #4\n"
                     "orr r5, r5, r7, lsl #16\n"
                     "ubfx r7, r4, #20, #4\n"
                     "orr r5, r5, r8, lsl #24\n"
                     "ubfx r8, r4, #24, #4\n"
                     "lsr r4, r4, #28\n"
                     "ldrb r6, [r2, r6]\n"
                     "ldrb.w r7, [r12, r7]\n"
                     "ldrb.w r8, [r2, r8]\n"
                     "ldrb.w r4, [r12, r4]\n"
                     "str r5, [r3], #4\n"
                     "orr r6, r6, r7, lsl #8\n"
                     "orr r6, r6, r8, lsl #16\n"
                     "orr r6, r6, r4, lsl #24\n"
                     "str r6, [r3], #4\n"
                     "subs r1, r1, #1\n"
                     "bne 1b\n"
                     "pop {r4-r8}\n"
                     "bx lr\n");
}
#endif

/* The weights of two channels, `words` times four; tables A and B lie 16 bytes apart. */
static TC_NOINLINE void tc_codes_unpack(const uint8_t *from, int32_t bits, int32_t words, const int8_t *table,
                                        int8_t *to) {
    const uint32_t mask = ((uint32_t)1 << bits) - 1u;
    int32_t at = 0;
#if TC_DSP_ASM
    if (bits == 4) {
        tc_codes_unpack_4(from, words / 2, table, to);
        return;
    }
#endif
    for (; words > 0; words--, to += 4, at += 4 * bits) {
        const uint8_t *byte = from + (at >> 3);
        const uint32_t codes = ((uint32_t)byte[0] | (uint32_t)byte[1] << 8) >> (at & 7);
        to[0] = table[codes & mask];
        to[1] = table[16 + (codes >> bits & mask)];
        to[2] = table[codes >> 2 * bits & mask];
        to[3] = table[16 + (codes >> 3 * bits & mask)];
    }
}

/* The columns of input that `columns` windows from output pixel y, x on take. */
static TC_NOINLINE void tc_codes_gather(const tc_s8_conv_codes *p, const int8_t *image, int32_t y, int32_t x,
                                        int32_t columns, const int8_t *zeros, uint32_t *values) {
    const int32_t left = x * p->window.stride_w - p->window.pad_left;
    const int32_t count = (columns - 1) * p->window.stride_w + p->window.kernel_w;
    for (int32_t i = 0; i < count; i++) {
        const int32_t column = left + i;
        int32_t row = y * p->window.stride_h - p->window.pad_top;
        for (int32_t ky = 0; ky < p->window.kernel_h; ky++, row += p->window.dilation_h) {
            const int8_t *from[4];
            for (int32_t k = 0; k < 4; k++) {
                const int32_t line = row + k * p->window.stride_h;
                const int there =
                    (uint32_t)line < (uint32_t)p->window.in_h && (uint32_t)column < (uint32_t)p->window.in_w;
                from[k] = there ? image + (line * p->window.in_w + column) * p->window.in_c : zeros;
            }
            values = tc_conv_widen(values, from, p->window.in_c / 4);
        }
    }
}

TC_KERNEL void tc_s8_conv_2d_codes__dsp(const tc_s8_conv_codes *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t column_words =
        p->window.kernel_h * p->window.in_c * 2; /* of one column of input: four rows' values in pairs */
    const int32_t words = p->window.kernel_h * p->window.kernel_w * p->window.in_c / 2;
    const int32_t packed = words * p->bits / 2;
    uint32_t *values = (uint32_t *)scratch;
    int32_t *channel = (int32_t *)scratch + ((p->columns - 1) * p->window.stride_w + p->window.kernel_w) * column_words;
    int8_t *weights = (int8_t *)(channel + 8);
    int8_t *tables = weights + 4 * words;
    int8_t *zeros = tables + 32;
    tc_conv_job job;
    for (int32_t c = 0; c < p->window.in_c; c++) {
        zeros[c] = (int8_t)p->in_zero;
    }
    job.channels = channel;
    job.weights = weights;
    job.channel_pairs = 1;
    job.depth_bytes = 4 * words;
    for (int32_t image = 0; image < p->window.batch; image++) {
        for (int32_t y = 0; y < p->window.out_h; y += 4) {
            const int32_t rows = p->window.out_h - y < 4 ? p->window.out_h - y : 4;
            for (int32_t x = 0; x < p->window.out_w; x += p->columns) {
                const int32_t columns = p->window.out_w - x < p->columns ? p->window.out_w - x : p->columns;
                tc_codes_gather(p, in, y, x, columns, zeros, values);
                for (int32_t c = 0; c < p->window.out_c; c += 2) {
                    int32_t fast[8];
                    for (int32_t i = 0; i < 2; i++) {
                        tc_fast_unpack(p->channels + 2 * (c + i), p->out_zero, fast + 4 * i);
                        tc_codes_table(p, c + i, tables + 16 * i);
                        channel[i] = fast[4 * i];
                        for (int32_t k = 1; k < 4; k++) {
                            channel[3 * i + k + 1] = fast[4 * i + k];
                        }
                    }
                    tc_codes_unpack(p->weights + c / 2 * packed, p->bits, words, tables, weights);
                    int8_t *to = out + (y * p->window.out_w + x) * p->window.out_c + c;
                    job.values = values;
                    for (int32_t i = 0; i < columns; i++, to += p->window.out_c) {
                        for (int32_t k = 0; k < 4; k++) {
                            job.out[k] = to + (k < rows ? k : 0) * p->window.out_w * p->window.out_c;
                        }
                        tc_conv_block_any(&job);
                        job.values += p->window.stride_w * column_words;
                    }
                }
            }
        }
        in += p->window.in_h * p->window.in_w * p->window.in_c;
        out += p->window.out_h * p->window.out_w * p->window.out_c;
    }
}

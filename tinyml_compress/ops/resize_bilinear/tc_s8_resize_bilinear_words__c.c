/* Bilinear resizing of int8 by words, where all fractions are sixteenths. Two channels lie in the halves of a word,
 * raised by 128 so that none is negative and products do not run into each other: 255 * 16 * 16 fits in 16 bits. Pixels
 * of the output between the same columns share what stands there; the mean is rounded with ties away from zero. */
#include "tc_any_word.h"

#define TC_RAISED 0x80808080u
#define TC_EVEN_BYTES 0x00ff00ffu

/* Four channels between two rows, `up` sixteenths of the way: of the even ones, then of the odd ones. */
static TC_INLINE void tc_resize_words_between_rows(const int8_t *low, const int8_t *high, uint32_t up,
                                                   uint32_t halves[2], int aligned) {
    const uint32_t a = tc_load_word((const uint8_t *)low, aligned) ^ TC_RAISED;
    const uint32_t b = tc_load_word((const uint8_t *)high, aligned) ^ TC_RAISED;
    halves[0] = (a & TC_EVEN_BYTES) * (16 - up) + (b & TC_EVEN_BYTES) * up;
    halves[1] = (a >> 8 & TC_EVEN_BYTES) * (16 - up) + (b >> 8 & TC_EVEN_BYTES) * up;
}

/* A mean of 256ths that has 127 of them added: one more where it is not below zero. */
static TC_INLINE uint32_t tc_resize_rounded(uint32_t means) {
    return means + (means >> 15 & 0x00010001u);
}

static TC_INLINE void tc_resize_put(int8_t *out, const uint32_t base[2], const uint32_t step[2], uint32_t right,
                                    int aligned) {
    const uint32_t even = tc_resize_rounded(base[0] + step[0] * right);
    const uint32_t odd = tc_resize_rounded(base[1] + step[1] * right);
    const uint32_t word = (even >> 8 & TC_EVEN_BYTES) | (odd & ~TC_EVEN_BYTES);
    tc_store_word((uint8_t *)out, word ^ TC_RAISED, aligned);
}

/* The pixels between two columns. */
static TC_INLINE void tc_resize_run(const tc_resize_words_params *p, const int8_t *in, const int32_t *row,
                                    const int32_t *run, const int8_t *rights, int32_t count, int8_t *out, int aligned) {
    const int32_t depth = p->depth;
    const int32_t up = row[2];
    const int32_t down = row[1] - row[0];
    const int32_t right = run[1] - run[0];
    const int8_t *from = in + row[0] + run[0];
    const int8_t *const end = out + depth;
    TC_KNOWN(depth > 0);
    do {
        uint32_t near[2];
        uint32_t far[2];
        tc_resize_words_between_rows(from, from + down, (uint32_t)up, near, aligned);
        tc_resize_words_between_rows(from + right, from + right + down, (uint32_t)up, far, aligned);
        const uint32_t base[2] = {(near[0] << 4) + 0x007f007fu, (near[1] << 4) + 0x007f007fu};
        const uint32_t step[2] = {far[0] - near[0], far[1] - near[1]};
        from += 4;
        int8_t *to = out;
        for (int32_t i = 0; i < count; ++i, to += depth) {
            tc_resize_put(to, base, step, (uint32_t)rights[i], aligned);
        }
        out += 4;
    } while (out != end);
}

static TC_INLINE void tc_resize_words(const tc_resize_words_params *p, const int8_t *in, int8_t *out, int aligned) {
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->batch) {
        for (int32_t y = 0; y < p->height; ++y) {
            const int8_t *rights = p->rights;
            for (int32_t i = 0; i < p->runs; ++i) {
                const int32_t *run = p->columns + 3 * i;
                const int32_t count = run[2];
                if (count == 2) {
                    tc_resize_run(p, in, p->rows + 3 * y, run, rights, 2, out, aligned);
                } else {
                    tc_resize_run(p, in, p->rows + 3 * y, run, rights, count, out, aligned);
                }
                rights += count;
                out += count * p->depth;
            }
        }
    }
}

TC_KERNEL void tc_s8_resize_bilinear_words__c(const tc_resize_words_params *p, const int8_t *in, int8_t *out) {
    if (!TC_WORDS_ANYWHERE && (((uintptr_t)in | (uintptr_t)out) & 3) == 0) {
        tc_resize_words(p, in, out, 1);
    } else {
        tc_resize_words(p, in, out, 0);
    }
}

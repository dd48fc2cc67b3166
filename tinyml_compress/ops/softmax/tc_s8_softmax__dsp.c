/* Softmax over the last axis, int8 to int8, by words: differences to the row's largest value are made four at a time
 * and lie in the output until they are used. The entry of the table behind its last one is 0, and stands for all larger
 * differences. Output may lie over input. */
#include "tc_dsp.h"
#include "tc_softmax.h"

/* Of each byte the larger one; with signs, and without. */
static TC_INLINE uint32_t tc_softmax_larger(uint32_t a, uint32_t b) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
    return result;
#else
    uint32_t result = 0;
    for (int at = 0; at < 32; at += 8) {
        const int8_t x = (int8_t)(uint8_t)(a >> at);
        const int8_t y = (int8_t)(uint8_t)(b >> at);
        result |= (uint32_t)(uint8_t)(x > y ? x : y) << at;
    }
    return result;
#endif
}

/* Four differences `most` - x without signs, and of each the smaller one of itself and `entries`. */
static TC_INLINE uint32_t tc_softmax_differences(uint32_t most, uint32_t x, uint32_t entries) {
#if TC_DSP_ASM
    uint32_t away;
    uint32_t result;
    __asm__("usub8 %0, %2, %3\n\tusub8 %1, %0, %4\n\tsel %1, %4, %0"
            : "=&r"(away), "=&r"(result)
            : "r"(most), "r"(x), "r"(entries)
            : "cc");
    return result;
#else
    uint32_t result = 0;
    for (int at = 0; at < 32; at += 8) {
        const uint32_t away = ((most >> at) - (x >> at)) & 0xffu;
        const uint32_t last = entries >> at & 0xffu;
        result |= (away < last ? away : last) << at;
    }
    return result;
#endif
}

/* Two values in halves, without signs, cut to 255. */
static TC_INLINE uint32_t tc_softmax_bytes(uint32_t values) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("usat16 %0, #8, %1" : "=r"(result) : "r"(values));
    return result;
#else
    const uint32_t low = values & 0xffffu;
    const uint32_t high = values >> 16;
    return (low < 255 ? low : 255) | (high < 255 ? high : 255) << 16;
#endif
}

static TC_INLINE int32_t tc_softmax_most_by_words(const int8_t *in, int32_t depth) {
    uint32_t four = 0x80808080u;
    const int8_t *const end = in + (depth & ~3);
    while (in != end) {
        four = tc_softmax_larger(four, tc_load32(in));
        in += 4;
    }
    for (int32_t left = depth & 3; left > 0; --left, ++in) {
        four = tc_softmax_larger(four, (uint8_t)*in * 0x01010101u);
    }
    four = tc_softmax_larger(four, four >> 16 | four << 16);
    return (int8_t)(uint8_t)tc_softmax_larger(four, four >> 8);
}

TC_KERNEL void tc_s8_softmax__dsp(const tc_s8_softmax *p, const int8_t *in, int8_t *out) {
    const int32_t depth = p->depth;
    const int32_t *exponentials = p->exponentials;
    const uint32_t last = (uint32_t)(p->entries < 255 ? p->entries : 255);
    const uint32_t entries = last * 0x01010101u;
    for (int32_t r = 0; r < p->rows; r++, in += depth) {
        const uint32_t most = (uint32_t)tc_softmax_most_by_words(in, depth) & 0xffu;
        const uint32_t fours = most * 0x01010101u;
        int8_t *const behind = out + (depth & ~3);
        int8_t *const end = out + depth;
        const int8_t *from = in;
        int32_t sum = 0;
        /* Rounded to Q12.19 by the multiplication: 2^20 / 2^32. */
        int8_t *to = out;
        for (; to != behind; to += 4, from += 4) {
            const uint32_t away = tc_softmax_differences(fours, tc_load32(from), entries);
            tc_store32(to, away);
            sum = tc_smmlar(exponentials[away & 0xff], 1 << 20, sum);
            sum = tc_smmlar(exponentials[away >> 8 & 0xff], 1 << 20, sum);
            sum = tc_smmlar(exponentials[away >> 16 & 0xff], 1 << 20, sum);
            sum = tc_smmlar(exponentials[away >> 24], 1 << 20, sum);
        }
        for (; to != end; ++to, ++from) {
            const uint32_t away = tc_softmax_differences(most, (uint8_t)*from, last);
            *to = (int8_t)(uint8_t)away;
            sum = tc_smmlar(exponentials[away], 1 << 20, sum);
        }
        int32_t bits;
        const int32_t scale = tc_softmax_reciprocal(sum, &bits);
        TC_KNOWN(scale > 0);
        /* The quotient's eight bits lie above 2^(bits + 23); a sum of 512 or more leaves nothing but zeros. */
        const int32_t rounding = bits < 9 ? (int32_t)((uint32_t)1 << (9 - bits)) : 0;
        if (scale >= 1 << 30) { /* but for rounding it always is */
            /* e * 2 * scale is e * 2^32 and e times what is missing from there. */
            const int32_t missing = (int32_t)((uint32_t)scale << 1);
            for (; out != behind; out += 4) {
                const uint32_t away = tc_load32(out);
                const int32_t a = exponentials[away & 0xff];
                const int32_t b = exponentials[away >> 8 & 0xff];
                const int32_t c = exponentials[away >> 16 & 0xff];
                const int32_t d = exponentials[away >> 24];
                const int32_t first = tc_smmlar(tc_smmlar(a, missing, a), rounding, 0);
                const int32_t second = tc_smmlar(tc_smmlar(b, missing, b), rounding, 0);
                const uint32_t even = (uint32_t)first | (uint32_t)tc_smmlar(tc_smmlar(c, missing, c), rounding, 0)
                                                            << 16;
                const uint32_t odd = (uint32_t)second | (uint32_t)tc_smmlar(tc_smmlar(d, missing, d), rounding, 0)
                                                            << 16;
                tc_store32(out, (tc_softmax_bytes(even) | tc_softmax_bytes(odd) << 8) ^ 0x80808080u);
            }
        }
        for (; out != end; ++out) {
            const int32_t value = tc_smmlar(tc_high_mul(scale, exponentials[(uint8_t)*out]), rounding, 0);
            *out = (int8_t)((value < 255 ? value : 255) - 128);
        }
    }
}

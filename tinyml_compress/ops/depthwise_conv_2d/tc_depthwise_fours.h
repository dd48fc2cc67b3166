/* Values of four channels, from bytes side by side to 16 bits in lines of their own. */
#ifndef TC_DEPTHWISE_FOURS_H
#define TC_DEPTHWISE_FOURS_H

#include "tc_dsp.h"

/* One value of four channels. */
static TC_INLINE void tc_plane_one(const int8_t *from, int16_t *to, int32_t size) {
    to[0] = from[0];
    to[size] = from[1];
    to[2 * size] = from[2];
    to[3 * size] = from[3];
}

/* `pairs` (0 or more) of values of four channels, into lines of four buffers. */
static TC_INLINE void tc_plane_pairs(const int8_t *from, int32_t step, int16_t *to, int32_t size, int32_t pairs) {
#if TC_DSP_ASM
    const int16_t *const end = to + 2 * pairs;
    uint32_t a, b, c, d;
    __asm__ volatile("cmp %[to], %[end]\n"
                     "beq 2f\n"
                     "1:\n"
                     "ldr %[a], [%[from]]\n"
                     "ldr %[b], [%[from], %[step]]\n"
                     "add %[from], %[from], %[step], lsl #1\n"
                     "pkhbt %[c], %[a], %[b], lsl #16\n"
                     "pkhtb %[a], %[b], %[a], asr #16\n"
                     "sxtb16 %[b], %[c], ror #8\n"
                     "sxtb16 %[d], %[a], ror #8\n"
                     "str %[b], [%[to], %[one]]\n"
                     "str %[d], [%[to], %[three]]\n"
                     "sxtb16 %[a], %[a]\n"
                     "sxtb16 %[c], %[c]\n"
                     "str %[a], [%[to], %[one], lsl #1]\n"
                     "str %[c], [%[to]], #4\n"
                     "cmp %[to], %[end]\n"
                     "bne 1b\n"
                     "2:\n"
                     : [from] "+r"(from), [to] "+r"(to), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d)
                     : [step] "r"(step), [end] "r"(end), [one] "r"(2 * size), [three] "r"(6 * size)
                     : "cc", "memory");
#else
    for (; pairs > 0; pairs--, from += 2 * step, to += 2) {
        const uint32_t first = tc_load32(from);
        const uint32_t second = tc_load32(from + step);
        const uint32_t low = (first & 0xffffu) | second << 16;
        const uint32_t high = first >> 16 | (second & 0xffff0000u);
        tc_store32(to, tc_sxtb16(low));
        tc_store32(to + size, tc_sxtb16_odd(low));
        tc_store32(to + 2 * size, tc_sxtb16(high));
        tc_store32(to + 3 * size, tc_sxtb16_odd(high));
    }
#endif
}

#endif

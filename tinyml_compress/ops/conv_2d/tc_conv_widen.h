/* Bytes of four pixels become 16-bit pairs, pixels side by side. */
#ifndef TC_CONV_WIDEN_H
#define TC_CONV_WIDEN_H

#include "tc_dsp.h"

/* Four runs of `words` (1 or more) times four bytes; returns the place behind. Of each four values, 0 and 2 come first,
 * then 1 and 3, as SXTB16 gives them. */
#if TC_DSP_ASM
static TC_NOINLINE __attribute__((naked)) uint32_t *tc_conv_widen(uint32_t *to __attribute__((unused)),
                                                                  const int8_t *const from[4] __attribute__((unused)),
                                                                  int32_t words __attribute__((unused))) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldm r1, {r1, r3, r4, r5}\n"
                     "add r2, r1, r2, lsl #2\n"
                     "1:\n"
                     "ldr r6, [r1], #4\n"
                     "ldr r7, [r3], #4\n"
                     "ldr r8, [r4], #4\n"
                     "ldr r9, [r5], #4\n"
                     "sxtb16 r10, r6\n"
                     "sxtb16 r11, r7\n"
                     "sxtb16 r12, r8\n"
                     "sxtb16 lr, r9\n"
                     "stm r0!, {r10, r11, r12, lr}\n"
                     "sxtb16 r10, r6, ror #8\n"
                     "sxtb16 r11, r7, ror #8\n"
                     "sxtb16 r12, r8, ror #8\n"
                     "sxtb16 lr, r9, ror #8\n"
                     "stm r0!, {r10, r11, r12, lr}\n"
                     "cmp r1, r2\n"
                     "bne 1b\n"
                     "pop {r4-r11, pc}\n");
}
#else
static TC_NOINLINE uint32_t *tc_conv_widen(uint32_t *to, const int8_t *const from[4], int32_t words) {
    for (int32_t w = 0; w < words; w++, to += 8) {
        for (int i = 0; i < 4; i++) {
            const uint32_t word = tc_load32(from[i] + 4 * w);
            to[i] = tc_sxtb16(word);
            to[i + 4] = tc_sxtb16_odd(word);
        }
    }
    return to;
}
#endif

#endif

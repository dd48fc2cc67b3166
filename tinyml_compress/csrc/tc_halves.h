/* Sums of eight output channels for one row of values. Of each value and four channels the weights are one word: bytes
 * 1 and 3 are the first's and the third's as they are, bytes 0 and 2 the second's and the fourth's plus 128, so that
 * each half is 256 * first + (second + 128). The smallest cores load the word, and multiply its lowest byte, its lower
 * half, its third byte and its upper half: a half's sum less its byte's is 256 times the first's, exactly, whatever
 * wrapped on the way, as the generator has proven that this stays in 32 bits. Sums of odd channels are larger by 128
 * times the sum of the values. */
#ifndef TC_HALVES_H
#define TC_HALVES_H

#include "tc_base.h"

#if defined(__ARM_ARCH_6M__) && defined(__GNUC__)

#define TC_HALVES_WORD(word, first, first_half, second, second_half) \
    "uxtb r3, " word "\n"                                            \
    "muls r3, r2, r3\n"                                              \
    "add " first ", r3\n"                                            \
    "sxth r3, " word "\n"                                            \
    "muls r3, r2, r3\n"                                              \
    "add " first_half ", r3\n"                                       \
    "asrs " word ", " word ", #16\n"                                 \
    "uxtb r3, " word "\n"                                            \
    "muls r3, r2, r3\n"                                              \
    "add " second ", r3\n"                                           \
    "muls " word ", r2, " word "\n"                                  \
    "add " second_half ", " word "\n"

#define TC_HALVES_STEP(at, extend)                                              \
    "ldrb r2, [r0, #" at "]\n"                                                  \
    "ldm r1!, {r4, r5}\n" extend TC_HALVES_WORD("r4", "r8", "r9", "r10", "r11") \
        TC_HALVES_WORD("r5", "r12", "lr", "r6", "r7")

#define TC_HALVES_END(second, first_half) \
    "mov r3, " second "\n"                \
    "mov r2, " first_half "\n"            \
    "subs r2, r2, r3\n"                   \
    "asrs r2, r2, #8\n"                   \
    "stm r5!, {r2, r3}\n"

/* `extend` makes of a byte in r2 the value. */
#define TC_HALVES(name, type, extend)                                                                                  \
    static TC_NOINLINE __attribute__((naked)) const uint8_t *name(                                                     \
        const type *v __attribute__((unused)), const uint8_t *w __attribute__((unused)),                               \
        int32_t depth __attribute__((unused)), int32_t sums[8] __attribute__((unused))) {                              \
        __asm__ volatile(                                                                                              \
            ".syntax unified\n" /* GCC reads assembly for these cores in the old syntax */                             \
            "push {r3, r4, r5, r6, r7, lr}\n"                                                                          \
            "mov r4, r8\n"                                                                                             \
            "mov r5, r9\n"                                                                                             \
            "mov r6, r10\n"                                                                                            \
            "mov r7, r11\n"                                                                                            \
            "push {r4, r5, r6, r7}\n"                                                                                  \
            "movs r4, #3\n"                                                                                            \
            "ands r4, r2, r4\n"                                                                                        \
            "adds r3, r0, r2\n"                                                                                        \
            "subs r2, r3, r4\n"                                                                                        \
            "push {r2, r3}\n"                                                                                          \
            "movs r6, #0\n"                                                                                            \
            "movs r7, #0\n"                                                                                            \
            "mov r8, r6\n"                                                                                             \
            "mov r9, r6\n"                                                                                             \
            "mov r10, r6\n"                                                                                            \
            "mov r11, r6\n"                                                                                            \
            "mov r12, r6\n"                                                                                            \
            "mov lr, r6\n"                                                                                             \
            "cmp r0, r2\n"                                                                                             \
            "beq 2f\n"                                                                                                 \
            "1:\n" TC_HALVES_STEP("0", extend) TC_HALVES_STEP("1", extend) TC_HALVES_STEP("2", extend) TC_HALVES_STEP( \
                "3", extend) "adds r0, r0, #4\n"                                                                       \
                             "ldr r3, [sp]\n"                                                                          \
                             "cmp r0, r3\n"                                                                            \
                             "bne 1b\n"                                                                                \
                             "2:\n"                                                                                    \
                             "ldr r3, [sp, #4]\n"                                                                      \
                             "cmp r0, r3\n"                                                                            \
                             "beq 3f\n" TC_HALVES_STEP(                                                                \
                                 "0", extend) "adds r0, r0, #1\n"                                                      \
                                              "b 2b\n"                                                                 \
                                              "3:\n"                                                                   \
                                              "ldr r5, [sp, #24]\n" TC_HALVES_END("r8", "r9")                          \
                                                  TC_HALVES_END("r10", "r11") TC_HALVES_END("r12", "lr")               \
                                                      TC_HALVES_END("r6", "r7") "movs r0, r1\n"                        \
                                                                                "add sp, sp, #8\n"                     \
                                                                                "pop {r4, r5, r6, r7}\n"               \
                                                                                "mov r8, r4\n"                         \
                                                                                "mov r9, r5\n"                         \
                                                                                "mov r10, r6\n"                        \
                                                                                "mov r11, r7\n"                        \
                                                                                "pop {r3, r4, r5, r6, r7, pc}\n");     \
    }

#else

/* Else compilers load the weights of several values before they use one, and find no room for them. */
#if defined(__GNUC__)
#define TC_HALVES_HOLD __asm__ volatile("" ::: "memory")
#else
#define TC_HALVES_HOLD
#endif

#define TC_HALVES_ONE(k, at) \
    sum##k += (uint32_t)(value * ((k) % 2 ? w[8 * (at) + ((k) ^ 1)] : (int8_t)w[8 * (at) + ((k) ^ 1)]))
#define TC_HALVES_VALUE(at) \
    value = v[at];          \
    TC_HALVES_ONE(0, at);   \
    TC_HALVES_ONE(1, at);   \
    TC_HALVES_ONE(2, at);   \
    TC_HALVES_ONE(3, at);   \
    TC_HALVES_ONE(4, at);   \
    TC_HALVES_ONE(5, at);   \
    TC_HALVES_ONE(6, at);   \
    TC_HALVES_ONE(7, at);   \
    TC_HALVES_HOLD;

/* Byte by byte, which larger cores do as fast. */
#define TC_HALVES(name, type, extend)                                                                         \
    static TC_NOINLINE const uint8_t *name(const type *v, const uint8_t *w, int32_t depth, int32_t sums[8]) { \
        uint32_t sum0 = 0;                                                                                    \
        uint32_t sum1 = 0;                                                                                    \
        uint32_t sum2 = 0;                                                                                    \
        uint32_t sum3 = 0;                                                                                    \
        uint32_t sum4 = 0;                                                                                    \
        uint32_t sum5 = 0;                                                                                    \
        uint32_t sum6 = 0;                                                                                    \
        uint32_t sum7 = 0;                                                                                    \
        int32_t value;                                                                                        \
        const type *end = v + (depth - depth % 4);                                                            \
        for (; v != end; v += 4, w += 32) {                                                                   \
            TC_HALVES_VALUE(0)                                                                                \
            TC_HALVES_VALUE(1)                                                                                \
            TC_HALVES_VALUE(2)                                                                                \
            TC_HALVES_VALUE(3)                                                                                \
        }                                                                                                     \
        for (end += depth % 4; v != end; v++, w += 8) {                                                       \
            TC_HALVES_VALUE(0)                                                                                \
        }                                                                                                     \
        sums[0] = (int32_t)sum0;                                                                              \
        sums[1] = (int32_t)sum1;                                                                              \
        sums[2] = (int32_t)sum2;                                                                              \
        sums[3] = (int32_t)sum3;                                                                              \
        sums[4] = (int32_t)sum4;                                                                              \
        sums[5] = (int32_t)sum5;                                                                              \
        sums[6] = (int32_t)sum6;                                                                              \
        sums[7] = (int32_t)sum7;                                                                              \
        return w;                                                                                             \
    }

#endif

#endif

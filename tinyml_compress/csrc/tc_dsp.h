/* Armv7E-M and Armv8-M DSP instructions as functions, each with a plain C twin that gives the same bits: the kernels
 * that use them run on any host, where they are tested. */
#ifndef TC_DSP_H
#define TC_DSP_H

#include "tc_any_word.h"
#include "tc_requant.h"

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__GNUC__) && !defined(__ARM_BIG_ENDIAN)
#define TC_DSP_ASM 1
#else
#define TC_DSP_ASM 0
#endif

/* A core that issues two instructions at a time takes a pair and a word beside each other, and a word beside a
 * multiplication; a list of registers holds it up. Of its architecture the Cortex-M7 alone has floats of 64 bits; for
 * one without them say -DTC_DUAL_ISSUE=1. */
#ifndef TC_DUAL_ISSUE
#if defined(__ARM_ARCH_7EM__) && defined(__ARM_FP) && (__ARM_FP & 8) != 0
#define TC_DUAL_ISSUE 1
#else
#define TC_DUAL_ISSUE 0
#endif
#endif

/* Three words into registers `a` < `b` < `c`, or four, stepping over them or from where they are, as text for the
 * assembler. */
#if TC_DUAL_ISSUE
#define TC_LOAD3_AT(from, a, b, c)    \
    "ldrd " a ", " b ", [" from "]\n" \
    "ldr " c ", [" from ", #8]\n"
#define TC_LOAD4_ON(from, a, b, c, d)      \
    "ldrd " a ", " b ", [" from "], #16\n" \
    "ldrd " c ", " d ", [" from ", #-8]\n"
#else
#define TC_LOAD3_AT(from, a, b, c) "ldm " from ", {" a ", " b ", " c "}\n"
#define TC_LOAD4_ON(from, a, b, c, d) "ldm " from "!, {" a ", " b ", " c ", " d "}\n"
#endif

static TC_INLINE uint32_t tc_pack16(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

static TC_INLINE int32_t tc_low16(uint32_t word) {
    return (int16_t)(uint16_t)word;
}

static TC_INLINE int32_t tc_high16(uint32_t word) {
    return (int16_t)(uint16_t)(word >> 16);
}

/* Bytes 0 and 2 as two int16. */
static TC_INLINE uint32_t tc_sxtb16(uint32_t word) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
    return result;
#else
    return tc_pack16((int8_t)(uint8_t)word, (int8_t)(uint8_t)(word >> 16));
#endif
}

/* Bytes 1 and 3 as two int16. */
static TC_INLINE uint32_t tc_sxtb16_odd(uint32_t word) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
    return result;
#else
    return tc_sxtb16(word >> 8);
#endif
}

/* Bytes 0 and 2, or 1 and 3, added to halves modulo 2^16. */
static TC_INLINE uint32_t tc_sxtab16(uint32_t sums, uint32_t word) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(sums), "r"(word));
    return result;
#else
    return tc_pack16(tc_low16(sums) + (int8_t)(uint8_t)word, tc_high16(sums) + (int8_t)(uint8_t)(word >> 16));
#endif
}

static TC_INLINE uint32_t tc_sxtab16_odd(uint32_t sums, uint32_t word) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(sums), "r"(word));
    return result;
#else
    return tc_sxtab16(sums, word >> 8);
#endif
}

/* Both halves added, and subtracted, modulo 2^16. */
static TC_INLINE uint32_t tc_sadd16(uint32_t a, uint32_t b) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return tc_pack16(tc_low16(a) + tc_low16(b), tc_high16(a) + tc_high16(b));
#endif
}

static TC_INLINE uint32_t tc_ssub16(uint32_t a, uint32_t b) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("ssub16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return tc_pack16(tc_low16(a) - tc_low16(b), tc_high16(a) - tc_high16(b));
#endif
}

/* sum + a.low * b.low + a.high * b.high, modulo 2^32 */
static TC_INLINE int32_t tc_smlad(uint32_t a, uint32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(tc_add(sum, tc_low16(a) * tc_low16(b)), tc_high16(a) * tc_high16(b));
#endif
}

/* sum + a.low * b.low */
static TC_INLINE int32_t tc_smlabb(uint32_t a, uint32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, tc_low16(a) * tc_low16(b));
#endif
}

/* sum + a.low * b.high */
static TC_INLINE int32_t tc_smlabt(uint32_t a, uint32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smlabt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, tc_low16(a) * tc_high16(b));
#endif
}

/* sum + a.high * b.low */
static TC_INLINE int32_t tc_smlatb(uint32_t a, uint32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, tc_high16(a) * tc_low16(b));
#endif
}

/* sum + a.high * b.high */
static TC_INLINE int32_t tc_smlatt(uint32_t a, uint32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, tc_high16(a) * tc_high16(b));
#endif
}

/* sum + ((a * b + 2^31) >> 32) */
static TC_INLINE int32_t tc_smmlar(int32_t a, int32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32));
#endif
}

/* sum + (a * b >> 32) */
static TC_INLINE int32_t tc_smmla(int32_t a, int32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, (int32_t)((int64_t)a * b >> 32));
#endif
}

/* Saturated to int8. */
static TC_INLINE int8_t tc_ssat8(int32_t x) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(x));
    return (int8_t)result;
#else
    return (int8_t)tc_clamp(x, -128, 127);
#endif
}

/* A requantized int8 in five instructions. `fast` is {bias, multiplier, half, shift}: half is 2^(shift - 1) plus the
 * output's zero point shifted to the left by `shift`, 1 <= shift. The high multiply takes the accumulator doubled,
 * which the generator has proven not to overflow; its addend carries the rounding of the shift to the right, whose ties
 * go away from zero (the sign of the accumulator is the sign of the product, except where that is 0 and a tie
 * impossible). The bias is already in `acc`. */
static TC_INLINE int8_t tc_fast_finish(int32_t acc, const int32_t *fast) {
    const int32_t half = fast[2] + (acc >> 31);
    return tc_ssat8(tc_smmlar((int32_t)((uint32_t)acc << 1), fast[1], half) >> fast[3]);
}

/* {bias * 32 + shift, multiplier}, as it lies in flash, to {bias, multiplier, half, shift}. */
static TC_INLINE void tc_fast_unpack(const int32_t *packed, int32_t zero, int32_t *fast) {
    const int32_t shift = packed[0] & 31;
    fast[0] = packed[0] >> 5;
    fast[1] = packed[1];
    fast[2] = (int32_t)((uint32_t)(2 * zero + 1) << (shift - 1));
    fast[3] = shift;
}

#endif

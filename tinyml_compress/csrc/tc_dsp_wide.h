/* More of these instructions: whole products of 16 bits, and 32 bits times 16, of which the upper 32 are kept; results
 * saturated and put beside each other. */
#ifndef TC_DSP_WIDE_H
#define TC_DSP_WIDE_H

#include "tc_dsp.h"

/* a.low * b.low */
static TC_INLINE int32_t tc_smulbb(uint32_t a, uint32_t b) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smulbb %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return tc_low16(a) * tc_low16(b);
#endif
}

/* a.high * b.high */
static TC_INLINE int32_t tc_smultt(uint32_t a, uint32_t b) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smultt %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return tc_high16(a) * tc_high16(b);
#endif
}

/* (a * b.low) >> 16 */
static TC_INLINE int32_t tc_smulwb(int32_t a, uint32_t b) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smulwb %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#elif TC_SMALL_CORE
    return (a >> 16) * tc_low16(b) + (((int32_t)((uint32_t)a & 0xffffu) * tc_low16(b)) >> 16);
#else
    return (int32_t)(((int64_t)a * tc_low16(b)) >> 16);
#endif
}

/* (a * b.high) >> 16 */
static TC_INLINE int32_t tc_smulwt(int32_t a, uint32_t b) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smulwt %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return tc_smulwb(a, b >> 16);
#endif
}

/* sum + ((a * b.low) >> 16) */
static TC_INLINE int32_t tc_smlawb(int32_t a, uint32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, tc_smulwb(a, b));
#endif
}

/* sum + ((a * b.high) >> 16) */
static TC_INLINE int32_t tc_smlawt(int32_t a, uint32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smlawt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, tc_smulwt(a, b));
#endif
}

/* sum - (a * b), of which the upper 32 bits are kept, rounded: sum + ((2^31 - a * b) >> 32) */
static TC_INLINE int32_t tc_smmlsr(int32_t a, int32_t b, int32_t sum) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("smmlsr %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return tc_add(sum, (int32_t)((((int64_t)1 << 31) - (int64_t)a * b) >> 32));
#endif
}

/* Saturated to int8 for a place in a word, and to int16. */
static TC_INLINE uint32_t tc_saturated8(int32_t x) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(x));
    return result;
#else
    return (uint32_t)tc_clamp(x, -128, 127);
#endif
}

static TC_INLINE int32_t tc_ssat16(int32_t x) {
#if TC_DSP_ASM
    int32_t result;
    __asm__("ssat %0, #16, %1" : "=r"(result) : "r"(x));
    return result;
#else
    return tc_clamp(x, -32768, 32767);
#endif
}

/* A byte into its place of a word. */
#if TC_DSP_ASM
#define TC_PUT_BYTE(word, byte, at) __asm__("bfi %0, %1, #" #at ", #8" : "+r"(word) : "r"(byte))
#else
#define TC_PUT_BYTE(word, byte, at) ((word) = ((word) & ~(0xffu << (at))) | ((byte) & 0xffu) << (at))
#endif

#endif

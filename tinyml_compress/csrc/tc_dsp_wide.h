/* More of these instructions: whole products of 16 bits, and 32 bits times 16, of which the upper 32 are kept. */
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

#endif

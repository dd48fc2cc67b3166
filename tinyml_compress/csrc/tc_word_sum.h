/* Weighted sums of two tensors of int8, four at a time. */
#ifndef TC_WORD_SUM_H
#define TC_WORD_SUM_H

#include "tc_dsp_wide.h"

/* The whole part, saturated to int8. */
static TC_INLINE uint32_t tc_word_sum_end(int32_t sum) {
#if TC_DSP_ASM
    uint32_t result;
    __asm__("ssat %0, #8, %1, asr #20" : "=r"(result) : "r"(sum));
    return result;
#else
    return (uint32_t)tc_clamp(sum >> 20, -128, 127);
#endif
}

/* Bytes in the upper half of a halfword; the products lose 16 bits, and 20 stand behind the point of the sum. */
static TC_INLINE uint32_t tc_word_sum_low(const tc_word_sum_params *p, uint32_t a, uint32_t b) {
    return tc_word_sum_end(tc_smlawb(p->weight2, b, tc_smlawb(p->weight1, a, p->bias)));
}

static TC_INLINE uint32_t tc_word_sum_high(const tc_word_sum_params *p, uint32_t a, uint32_t b) {
    return tc_word_sum_end(tc_smlawt(p->weight2, b, tc_smlawt(p->weight1, a, p->bias)));
}

#endif

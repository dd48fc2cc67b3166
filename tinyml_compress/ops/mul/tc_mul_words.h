/* Quantized products of a word of values: `half` holds the output's zero point and the rounding of the shift, whose
 * ties go away from zero, so that a negative product takes one less. */
#ifndef TC_MUL_WORDS_H
#define TC_MUL_WORDS_H

#include "tc_dsp_wide.h"

/* Of a product that comes doubled. */
static TC_INLINE int32_t tc_mul_word_end(const tc_mul_words_params *p, int32_t doubled) {
    return tc_smmlar(doubled, p->multiplier, p->half + (doubled >> 31)) >> p->shift;
}

/* Four of int8; the zero points come subtracted from 0, once in each half. */
static TC_INLINE uint32_t tc_mul_word_s8(const tc_mul_words_params *p, uint32_t a, uint32_t b) {
    const uint32_t zero1 = (uint32_t)p->zero1;
    const uint32_t zero2 = (uint32_t)p->zero2;
    const uint32_t even = tc_sxtab16(zero1, a);
    const uint32_t b_even = tc_sxtab16(zero2, b);
    const uint32_t a_even = tc_sadd16(even, even);
    uint32_t word = tc_saturated8(tc_mul_word_end(p, tc_smulbb(a_even, b_even)));
    TC_PUT_BYTE(word, tc_saturated8(tc_mul_word_end(p, tc_smultt(a_even, b_even))), 16);
    const uint32_t odd = tc_sxtab16_odd(zero1, a);
    const uint32_t b_odd = tc_sxtab16_odd(zero2, b);
    const uint32_t a_odd = tc_sadd16(odd, odd);
    TC_PUT_BYTE(word, tc_saturated8(tc_mul_word_end(p, tc_smulbb(a_odd, b_odd))), 8);
    TC_PUT_BYTE(word, tc_saturated8(tc_mul_word_end(p, tc_smultt(a_odd, b_odd))), 24);
    return word;
}

/* Two of int16. The square of -32768 doubled would leave 32 bits, its negative does not. */
static TC_INLINE int32_t tc_mul_word_s16_end(const tc_mul_words_params *p, int32_t product) {
    const int32_t negative = (int32_t)(0u - ((uint32_t)product << 1));
    return tc_ssat16(tc_smmlsr(negative, p->multiplier, p->half + (product >> 31)) >> p->shift);
}

static TC_INLINE uint32_t tc_mul_word_s16(const tc_mul_words_params *p, uint32_t a, uint32_t b) {
    return tc_pack16(tc_mul_word_s16_end(p, tc_smulbb(a, b)), tc_mul_word_s16_end(p, tc_smultt(a, b)));
}

#endif

/* Convolution by blocks of four pixels and two channels, any zero point. */
#include "tc_conv_block_any.h"
#include "tc_conv_gather_words.h"

TC_KERNEL void tc_s8_conv_2d_words__dsp(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch) {
    tc_conv_words(p, in, out, scratch, tc_conv_block_any);
}

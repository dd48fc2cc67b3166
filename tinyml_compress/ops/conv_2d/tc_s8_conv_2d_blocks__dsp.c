/* Convolution that touches only blocks of weights (two output channels by four values of one tap) that are not all
 * zero, each for four pixels; input channels come in fours, output channels in twos. Scratch and output as in
 * tc_conv_gather_words.h. */
#include "tc_conv_blocks.h"
#include "tc_conv_gather_words.h"

TC_KERNEL void tc_s8_conv_2d_blocks__dsp(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch) {
    tc_conv_words(p, (const int8_t *)p->weights, in, out, scratch, tc_conv_blocks, 0);
}

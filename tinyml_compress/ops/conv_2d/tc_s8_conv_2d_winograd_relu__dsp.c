/* Convolution 3x3 by F(2,3) along rows, outputs whose zero point is -128. */
#include "tc_conv_winograd.h"

TC_WINOGRAD_BLOCK(tc_winograd_block_relu, TC_WINOGRAD_FINISH_RELU)

TC_KERNEL void tc_s8_conv_2d_winograd_relu__dsp(const tc_s8_conv_block *p, const int8_t *in, int8_t *out,
                                                void *scratch) {
    tc_conv_winograd(p, in, out, scratch, tc_winograd_block_relu);
}

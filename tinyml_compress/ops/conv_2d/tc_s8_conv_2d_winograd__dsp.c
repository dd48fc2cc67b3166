/* Convolution 3x3 by F(2,3) along rows, any zero point. */
#include "tc_conv_winograd.h"

TC_WINOGRAD_BLOCK(tc_winograd_block_any, TC_WINOGRAD_FINISH)

TC_KERNEL void tc_s8_conv_2d_winograd__dsp(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch) {
    tc_conv_winograd(p, in, out, scratch, tc_winograd_block_any);
}

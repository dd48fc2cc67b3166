/* Convolution by blocks of four pixels and two channels, outputs whose zero point is -128. */
#include "tc_conv_block_relu.h"
#include "tc_conv_gather_bytes.h"

TC_KERNEL void tc_s8_conv_2d_bytes_relu__dsp(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch) {
    tc_conv_bytes(p, in, out, scratch, tc_conv_block_relu, 0);
}

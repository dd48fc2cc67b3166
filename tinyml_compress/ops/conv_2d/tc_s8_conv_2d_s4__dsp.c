/* Convolution by blocks of four pixels and two channels, any zero point, with packed int4 weights: those of each two
 * channels are unpacked for each block of pixels. */
#include "tc_conv_block_any.h"
#include "tc_conv_gather_bytes.h"

TC_KERNEL void tc_s8_conv_2d_s4__dsp(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch) {
    tc_conv_bytes(p, in, out, scratch, tc_conv_block_any, 1);
}

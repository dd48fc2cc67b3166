/* Convolution that touches only weights that are not zero, each for eight pixels, four of either strip: a byte behind a
 * byte that says how many words to step on. Taps outside the image hold the zero point, which the bias expects. Output
 * may run over input that no later strip reads. */
#include "tc_conv_sparse_bytes.h"
#include "tc_conv_sparse_walk.h"

TC_KERNEL void tc_s8_conv_2d_sparse__dsp(const tc_s8_conv_sparse *p, const int8_t *in, int8_t *out, void *scratch) {
    tc_sparse_walk(p, in, out, scratch, tc_sparse_bytes);
}

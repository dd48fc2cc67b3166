/* Convolution of int16 by int8 with 64-bit accumulators: takes every node, needs no scratch. Weights lie as in the
 * file, [out][y][x][in]. Output may run over input that no later window reads. */
#include "tc_conv_s16.h"

TC_KERNEL void tc_s16_conv_2d__c(const tc_s8_conv *p, const int16_t *in, int16_t *out) {
    tc_s16_conv_walk(p, in, out, 0);
}

/* Depthwise convolution with packed int4 weights, [y][x][out], low half first: unpacked into scratch, then as int8.
 * Output may run over input that no later window reads. */
#include "tc_depthwise_walk.h"
#include "tc_int4.h"

TC_KERNEL void tc_s8_depthwise_conv_2d_s4__c(const tc_s8_conv *p, const int8_t *in, int8_t *out, void *scratch) {
    tc_s8_conv unpacked = *p;
    unpacked.weights = (const int8_t *)scratch;
    tc_unpack4((int8_t *)scratch, (const uint8_t *)p->weights,
               p->window.kernel_h * p->window.kernel_w * p->window.out_c);
    tc_depthwise_walk(&unpacked, in, out);
}

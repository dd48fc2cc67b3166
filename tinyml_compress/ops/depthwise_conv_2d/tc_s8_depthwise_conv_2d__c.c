/* Depthwise convolution tap by tap: takes every node, needs no scratch. Output may run over input that no later window
 * reads. */
#include "tc_depthwise_walk.h"

TC_KERNEL void tc_s8_depthwise_conv_2d__c(const tc_s8_conv *p, const int8_t *in, int8_t *out) {
    tc_depthwise_walk(p, in, out);
}

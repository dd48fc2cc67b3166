/* The same with 32-bit accumulators, as an int32 bias asks for. */
#include "tc_conv_s16.h"

TC_KERNEL void tc_s16_conv_2d_narrow__c(const tc_s8_conv *p, const int16_t *in, int16_t *out) {
    tc_s16_conv_walk(p, in, out, 1);
}

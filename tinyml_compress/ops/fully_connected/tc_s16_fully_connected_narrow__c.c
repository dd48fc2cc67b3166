/* Fully-connected layer of int16 by int8 with 32-bit accumulators, as an int32 bias asks for. */
#include "tc_fully_connected.h"

TC_KERNEL void tc_s16_fully_connected_narrow__c(const tc_s8_fully_connected *p, const int16_t *in, int16_t *out) {
    tc_s16_fully_connected_rows(p, in, out, 1);
}

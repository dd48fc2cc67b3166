/* Fully-connected layer of int16 by int8 with 64-bit accumulators. */
#include "tc_fully_connected.h"

TC_KERNEL void tc_s16_fully_connected__c(const tc_s8_fully_connected *p, const int16_t *in, int16_t *out) {
    tc_s16_fully_connected_rows(p, in, out, 0);
}

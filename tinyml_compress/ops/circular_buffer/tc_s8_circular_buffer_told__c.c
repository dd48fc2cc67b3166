/* A frame into the buffer, and whether the stride is full as an output of its own. */
#include "tc_circular_buffer.h"

TC_KERNEL void tc_s8_circular_buffer_told__c(const tc_circular_buffer_params *p, const int8_t *in, int32_t *come,
                                             int8_t *frames, uint8_t *full) {
    *full = (uint8_t)(tc_circular_buffer_take(p, in, come, frames) == 0);
}

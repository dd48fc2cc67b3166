/* A frame into the buffer. What it returns ends the inference. */
#include "tc_circular_buffer.h"

TC_KERNEL int tc_s8_circular_buffer__c(const tc_circular_buffer_params *p, const int8_t *in, int32_t *come,
                                       int8_t *frames) {
    return tc_circular_buffer_take(p, in, come, frames);
}

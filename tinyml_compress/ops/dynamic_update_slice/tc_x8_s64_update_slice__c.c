/* A block put at a place of int64. */
#include "tc_update_slice.h"

TC_KERNEL void tc_x8_s64_update_slice__c(const tc_update_slice_params *p, const void *update, const int64_t *place,
                                         void *out) {
    TC_UPDATE_SLICE_START(start, place)
    tc_update_slice(p, (const uint8_t *)update, start, (uint8_t *)out);
}

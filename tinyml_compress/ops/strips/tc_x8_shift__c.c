/* Moves bytes to a lower place, which they may overlap: words where both places allow it. */
#include "tc_base.h"

TC_KERNEL void tc_x8_shift__c(uint8_t *to, const uint8_t *from, int32_t count) {
    int32_t at = 0;
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0u) {
        for (; at + 4 <= count; at += 4) {
            uint32_t word;
            TC_MEMCPY(&word, from + at, 4);
            TC_MEMCPY(to + at, &word, 4);
        }
    }
    for (; at < count; ++at) {
        to[at] = from[at];
    }
}

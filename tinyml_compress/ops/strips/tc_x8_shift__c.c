/* Moves bytes to a lower place, which they may overlap: as many at a time as lie between the two. */
#include "tc_base.h"

TC_KERNEL void tc_x8_shift__c(uint8_t *to, const uint8_t *from, int32_t count) {
    const int32_t apart = (int32_t)(from - to);
    for (; count > apart; count -= apart, to += apart, from += apart) {
        TC_MEMCPY(to, from, (size_t)apart);
    }
    TC_MEMCPY(to, from, (size_t)count);
}

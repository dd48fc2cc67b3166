/* Rows of sound, each through a ring of the delay's length. Output may lie over input. */
#include "tc_base.h"

TC_KERNEL void tc_s16_signal_delay__c(const tc_signal_delay_params *p, const int16_t *in, int16_t *ring, int32_t *place,
                                      int16_t *out) {
    int32_t at = 0;
    for (int32_t row = 0; row < p->rows; ++row, ring += p->delay) {
        at = *place;
        for (int32_t i = 0; i < p->frame; ++i) {
            const int16_t old = ring[at];
            ring[at] = *in++;
            *out++ = old;
            if (++at == p->delay) {
                at = 0;
            }
        }
    }
    *place = at;
}

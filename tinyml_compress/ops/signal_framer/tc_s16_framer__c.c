/* Overlapping frames of a stream of samples. */
#include "tc_base.h"

/* `*count` is how many samples have come to wait since the start, beyond the zeros. */
TC_KERNEL void tc_s16_framer__c(const tc_framer_params *p, const int16_t *in, int16_t *waiting, int32_t *count,
                                int16_t *out, uint8_t *valid) {
    const int32_t step = p->step;
    int32_t held = 0;
    *valid = 1;
    for (int32_t row = 0; row < p->rows; ++row, waiting += p->room) {
        held = p->start + *count;
        for (int32_t frame = 0; frame < p->frames; ++frame, in += step, out += p->size) {
            const int full = held + step >= p->size;
            for (int32_t i = 0; i < p->size; ++i) {
                out[i] = (int16_t)(!full ? 0 : (i < held ? waiting[i] : in[i - held]));
            }
            if (full) { /* the oldest step goes */
                const int32_t old = held > step ? held - step : 0;
                for (int32_t i = 0; i < old; ++i) {
                    waiting[i] = waiting[i + step];
                }
                for (int32_t i = old; i < held; ++i) {
                    waiting[i] = in[i - (held - step)];
                }
            } else {
                *valid = 0;
                for (int32_t i = 0; i < step; ++i) {
                    waiting[held + i] = in[i];
                }
                held += step;
            }
        }
    }
    *count = held - p->start;
}

/* Frames times a window, each product shifted and saturated. */
#include "tc_base.h"

TC_KERNEL void tc_s16_signal_window__c(const tc_signal_window_params *p, const int16_t *in, const int16_t *window,
                                       int16_t *out) {
    for (int32_t frame = 0; frame < p->frames; ++frame, in += p->length, out += p->length) {
        for (int32_t i = 0; i < p->length; ++i) {
            const int32_t x = (in[i] * window[i]) >> p->shift;
            out[i] = (int16_t)(x < INT16_MIN ? INT16_MIN : (x > INT16_MAX ? INT16_MAX : x));
        }
    }
}

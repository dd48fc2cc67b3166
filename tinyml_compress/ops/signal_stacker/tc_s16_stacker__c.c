/* Frames of features side by side. */
#include "tc_base.h"

/* `counts` holds the frames in the stack, and whether there was a first one. */
TC_KERNEL void tc_s16_stacker__c(const tc_stacker_params *p, const int16_t *in, int16_t *stack, int32_t *counts,
                                 int16_t *out, uint8_t *valid) {
    const int32_t whole = p->frames * p->channels;
    for (int32_t copies = counts[1] != 0 ? 1 : 1 + p->left; copies > 0; --copies, ++counts[0]) {
        int16_t *place = stack + counts[0] * p->channels;
        for (int32_t i = 0; i < p->channels; ++i) {
            place[i] = in[i];
        }
    }
    counts[1] = 1;
    const int full = counts[0] >= p->frames;
    for (int32_t i = 0; i < whole; ++i) {
        out[i] = full ? stack[i] : 0;
    }
    if (full) {
        const int32_t gone = p->step * p->channels;
        for (int32_t i = 0; i + gone < whole; ++i) {
            stack[i] = stack[i + gone];
        }
        counts[0] -= p->step;
    }
    *valid = full ? 1 : 0;
}

/* Parameters of fully-connected layers. */
#ifndef TC_FULLY_CONNECTED_H
#define TC_FULLY_CONNECTED_H

#include "tc_conv_f32.h"
#include "tc_conv_wide.h"

/* int16 by int8, one output after the other. Weights lie as in the file, [out][in]. */
static TC_INLINE void tc_s16_fully_connected_rows(const tc_s8_fully_connected *p, const int16_t *in, int16_t *out,
                                                  int narrow) {
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {
        const int8_t *w = p->weights;
        for (int32_t c = 0; c < p->out_c; c++) {
            int64_t acc = 0;
            for (int32_t i = 0; i < p->in_c; i++) {
                acc += in[i] * *w++;
            }
            *out++ = tc_s16_end(acc, p->channels + 3 * c, p->act_min, p->act_max, narrow);
        }
    }
}

#endif

/* Bilinear resizing of int8; the mean is rounded with ties away from zero. */
#include "tc_base.h"

TC_KERNEL void tc_s8_resize_bilinear__c(const tc_resize_bilinear_params *p, const int8_t *in, int8_t *out) {
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->batch) {
        for (int32_t y = 0; y < p->height; ++y) {
            const int32_t *row = p->rows + 3 * y;
            for (int32_t x = 0; x < p->width; ++x) {
                const int32_t *column = p->columns + 3 * x;
                const int8_t *low_low = in + row[0] + column[0];
                const int8_t *high_low = in + row[1] + column[0];
                const int8_t *low_high = in + row[0] + column[1];
                const int8_t *high_high = in + row[1] + column[1];
                const int32_t weight[4] = {
                    (1024 - row[2]) * (1024 - column[2]),
                    row[2] * (1024 - column[2]),
                    (1024 - row[2]) * column[2],
                    row[2] * column[2],
                };
                for (int32_t c = 0; c < p->depth; ++c) {
                    const int32_t near = low_low[c] * weight[0] + high_low[c] * weight[1];
                    const int32_t mean = near + low_high[c] * weight[2] + high_high[c] * weight[3];
                    *out++ = (int8_t)((mean + (mean >> 31) + (1 << 19)) >> 20);
                }
            }
        }
    }
}

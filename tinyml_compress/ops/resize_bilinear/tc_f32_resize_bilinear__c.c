/* Bilinear resizing of float. */
#include "tc_base.h"

TC_KERNEL void tc_f32_resize_bilinear__c(const tc_f32_resize_bilinear_params *p, const float *in, float *out) {
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->batch) {
        for (int32_t y = 0; y < p->height; ++y) {
            const int32_t *row = p->rows + 2 * y;
            const float up = p->row_fractions[y];
            const float down = 1.0f - up;
            for (int32_t x = 0; x < p->width; ++x) {
                const int32_t *column = p->columns + 2 * x;
                const float right = p->column_fractions[x];
                const float left = 1.0f - right;
                for (int32_t c = 0; c < p->depth; ++c) {
                    const float low_low = in[row[0] + column[0] + c] * down * left;
                    const float high_low = in[row[1] + column[0] + c] * up * left;
                    const float low_high = in[row[0] + column[1] + c] * down * right;
                    const float high_high = in[row[1] + column[1] + c] * up * right;
                    *out++ = low_low + high_low + low_high + high_high + 0.0f;
                }
            }
        }
    }
}

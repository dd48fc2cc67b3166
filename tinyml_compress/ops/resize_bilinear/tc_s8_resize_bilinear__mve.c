/* Bilinear resizing of int8, channels in lanes; the mean is rounded with ties away from zero, as tc_requantize_lanes
 * has it. */
#include "tc_mve.h"

TC_KERNEL void tc_s8_resize_bilinear__mve(const tc_resize_bilinear_params *p, const int8_t *in, int8_t *out) {
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->batch) {
        for (int32_t y = 0; y < p->height; ++y) {
            const int32_t *row = p->rows + 3 * y;
            for (int32_t x = 0; x < p->width; ++x, out += p->depth) {
                const int32_t *column = p->columns + 3 * x;
                const int32_t down = row[2];
                const int32_t right = column[2];
                const int32_t depth = p->depth;
                const int8_t *low_low = in + row[0] + column[0];
                const int8_t *high_low = in + row[1] + column[0];
                const int8_t *low_high = in + row[0] + column[1];
                const int8_t *high_high = in + row[1] + column[1];
                for (int32_t c = 0; c < depth; c += 4) {
                    const mve_pred16_t on = vctp32q((uint32_t)(depth - c));
                    const int32x4_t first = vmulq_n_s32(vldrbq_z_s32(low_low + c, on), 1024 - down);
                    const int32x4_t near = vmlaq_n_s32(first, vldrbq_z_s32(high_low + c, on), down);
                    const int32x4_t second = vmulq_n_s32(vldrbq_z_s32(low_high + c, on), 1024 - down);
                    const int32x4_t far = vmlaq_n_s32(second, vldrbq_z_s32(high_high + c, on), down);
                    const int32x4_t mean = vmlaq_n_s32(vmulq_n_s32(near, 1024 - right), far, right);
                    vstrbq_p_s32(out + c, vrshrq_n_s32(vaddq_s32(mean, vshrq_n_s32(mean, 31)), 20), on);
                }
            }
        }
    }
}

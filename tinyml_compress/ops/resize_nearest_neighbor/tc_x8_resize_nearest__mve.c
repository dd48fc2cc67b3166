/* Copies for each output pixel the input pixel that is nearest. */
#include "tc_mve_move.h"

TC_KERNEL void tc_x8_resize_nearest__mve(const tc_resize_nearest_params *p, const void *in, void *out) {
    const uint8_t *image = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    const mve_pred16_t all = tc_mve_kept(vctp8q((uint32_t)p->pixel_bytes));
    for (int32_t batch = 0; batch < p->batches; ++batch, image += p->batch_bytes) {
        for (int32_t y = 0; y < p->height; ++y) {
            const uint8_t *row = image + p->rows[y];
            const int32_t *column = p->columns;
            int32_t left = p->width;
            if (p->pixel_bytes <= 16) {
                for (; left > 0; left--, to += p->pixel_bytes) {
                    vstrbq_p_u8(to, vldrbq_z_u8(row + *column++, all), all);
                }
            }
            for (; left > 0; left--, to += p->pixel_bytes) {
                tc_mve_move(to, row + *column++, p->pixel_bytes);
            }
        }
    }
}

/* Copies for each output pixel the input pixel that is nearest. */
#include "tc_base.h"

TC_KERNEL void tc_x8_resize_nearest__c(const tc_resize_nearest_params *p, const void *in, void *out) {
    const uint8_t *image = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    for (int32_t batch = 0; batch < p->batches; ++batch, image += p->batch_bytes) {
        for (int32_t y = 0; y < p->height; ++y) {
            const uint8_t *row = image + p->rows[y];
            for (int32_t x = 0; x < p->width; ++x, to += p->pixel_bytes) {
                TC_MEMCPY(to, row + p->columns[x], (size_t)p->pixel_bytes);
            }
        }
    }
}

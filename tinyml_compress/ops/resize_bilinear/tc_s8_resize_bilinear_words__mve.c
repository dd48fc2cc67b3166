/* Bilinear resizing of int8 where all fractions are sixteenths: eight channels in lanes of 16 bits, which hold means of
 * 256ths. Rounded with ties away from zero: one less than a negative mean takes its ties down, and is no tie elsewhere.
 */
#include "tc_mve.h"

/* Eight channels between two rows. */
static TC_INLINE int16x8_t tc_resize_between_rows(const int8_t *low, const int8_t *high, int32_t up, mve_pred16_t on) {
    const int16x8_t below = vmulq_n_s16(vldrbq_z_s16(low, on), (int16_t)(16 - up));
    return vmlaq_n_s16(below, vldrbq_z_s16(high, on), (int16_t)up);
}

TC_KERNEL void tc_s8_resize_bilinear_words__mve(const tc_resize_words_params *p, const int8_t *in, int8_t *out) {
    const int32_t depth = p->depth;
    for (int32_t batch = 0; batch < p->batches; ++batch, in += p->batch) {
        for (int32_t y = 0; y < p->height; ++y) {
            const int32_t *row = p->rows + 3 * y;
            const int32_t down = row[1] - row[0];
            const int8_t *rights = p->rights;
            for (int32_t i = 0; i < p->runs; ++i) {
                const int32_t *run = p->columns + 3 * i;
                const int32_t right = run[1] - run[0];
                const int8_t *from = in + row[0] + run[0];
                const int32_t count = run[2];
                for (int32_t c = 0; c < depth; c += 8, from += 8) {
                    const mve_pred16_t on = vctp16q((uint32_t)(depth - c));
                    const int16x8_t near = tc_resize_between_rows(from, from + down, row[2], on);
                    const int16x8_t far = tc_resize_between_rows(from + right, from + right + down, row[2], on);
                    const mve_pred16_t kept = tc_mve_kept(on);
                    int8_t *to = out + c;
                    for (int32_t j = 0; j < count; ++j, to += depth) {
                        const int16_t part = rights[j];
                        const int16x8_t mean = vmlaq_n_s16(vmulq_n_s16(near, (int16_t)(16 - part)), far, part);
                        const int16x8_t less = vqaddq_s16(mean, vshrq_n_s16(mean, 15));
                        vstrbq_p_s16(to, vrshrq_n_s16(less, 8), kept);
                    }
                }
                rights += count;
                out += count * depth;
            }
        }
    }
}

/* Fully-connected layer of int16 by int8 on Helium, four outputs at a time. Of each four outputs and eight inputs the
 * rows of weights lie side by side, padded with zeros. */
#include "tc_fully_connected.h"
#include "tc_mve_wide.h"

/* Up to four outputs. */
static TC_INLINE void tc_s16_fc_four(const tc_s8_fully_connected *p, const int16_t *in, const int8_t *w,
                                     const int32_t *channel, int16_t *out, int32_t outputs) {
    int64_t sums[4] = {0, 0, 0, 0};
    for (int32_t left = p->in_c; left > 0; left -= 8, in += 8, w += 32) {
        const int16x8_t x = vldrhq_z_s16(in, vctp16q((uint32_t)left));
        sums[0] = vmlaldavaq_s16(sums[0], x, vldrbq_s16(w));
        sums[1] = vmlaldavaq_s16(sums[1], x, vldrbq_s16(w + 8));
        sums[2] = vmlaldavaq_s16(sums[2], x, vldrbq_s16(w + 16));
        sums[3] = vmlaldavaq_s16(sums[3], x, vldrbq_s16(w + 24));
    }
    for (int32_t i = 0; i < 4; i++) {
        if (i < outputs) {
            out[i] = tc_s16_finish(sums[i], channel + 3 * i, p->act_min, p->act_max);
        }
    }
}

TC_KERNEL void tc_s16_fully_connected_fours__mve(const tc_s8_fully_connected *p, const int16_t *in, int16_t *out) {
    const int32_t four = 32 * ((p->in_c + 7) >> 3);
    for (int32_t b = p->batch; b > 0; b--, in += p->in_c, out += p->out_c) {
        for (int32_t c = 0; c < p->out_c; c += 4) {
            tc_s16_fc_four(p, in, p->weights + (c >> 2) * four, p->channels + 3 * c, out + c, p->out_c - c);
        }
    }
}

/* Depthwise 3x3, inner stride 1, one output channel per input channel: two outputs share their loads. */
#include "tc_depthwise_plane.h"

/* Three taps of one line for two outputs: `k01` is taps 0 and 1, `k12` taps 1 and 2. */
static TC_INLINE void tc_depthwise_line(const int16_t *from, uint32_t k01, uint32_t k12, int32_t *first,
                                        int32_t *second) {
    const uint32_t low = tc_load32(from);
    const uint32_t high = tc_load32(from + 2);
    *first = tc_smlad(low, k01, *first);
    *second = tc_smlatb(low, k01, *second);
    *first = tc_smlabt(high, k12, *first);
    *second = tc_smlad(high, k12, *second);
}

TC_KERNEL void tc_s8_depthwise_conv_2d_3x3__dsp(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out,
                                                void *scratch) {
    int16_t *plane = (int16_t *)scratch;
    const int32_t pitch = p->pitch;
    const int32_t step = p->inner_out_step;
    tc_plane_clear(p, plane);
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        for (int32_t c = 0; c < p->in_c; c++, w += 9, channel += 4) {
            tc_plane_gather(p, in + c, plane);
            const uint32_t k01 = tc_pack16(w[0], w[1]);
            const uint32_t k12 = tc_pack16(w[1], w[2]);
            const uint32_t k34 = tc_pack16(w[3], w[4]);
            const uint32_t k45 = tc_pack16(w[4], w[5]);
            const uint32_t k67 = tc_pack16(w[6], w[7]);
            const uint32_t k78 = tc_pack16(w[7], w[8]);
            const int16_t *line = plane;
            int8_t *to_line = out + c;
            for (int32_t o = p->outer_out; o > 0; o--) {
                const int16_t *from = line;
                int8_t *to = to_line;
                for (int32_t left = p->inner_out; left > 0; left -= 2) {
                    int32_t first = channel[0];
                    int32_t second = first;
                    tc_depthwise_line(from, k01, k12, &first, &second);
                    tc_depthwise_line(from + pitch, k34, k45, &first, &second);
                    tc_depthwise_line(from + 2 * pitch, k67, k78, &first, &second);
                    from += 2;
                    *to = tc_fast_finish(first, channel);
                    to += step;
                    if (left > 1) {
                        *to = tc_fast_finish(second, channel);
                    }
                    to += step;
                }
                line += p->outer_stride * pitch;
                to_line += p->outer_out_step;
            }
        }
    }
}

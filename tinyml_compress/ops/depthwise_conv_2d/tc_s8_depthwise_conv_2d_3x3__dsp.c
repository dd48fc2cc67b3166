/* Depthwise 3x3, inner stride 1, one output channel per input channel. */
#include "tc_depthwise_3x3.h"

TC_KERNEL void tc_s8_depthwise_conv_2d_3x3__dsp(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out,
                                                void *scratch) {
    int16_t *buffer = (int16_t *)scratch;
    tc_depthwise_job job;
    job.step = p->inner_out_step;
    job.even_bytes = p->inner_out / 2 * 4;
    job.odd_bytes = p->inner_out % 2 * 4;
    job.pitch_bytes = p->pitch * 2 - 4;
    job.next_from = p->outer_stride * p->pitch * 2;
    job.next_to = p->outer_out_step;
    tc_plane_clear(p, buffer);
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        for (int32_t c = 0; c < p->in_c; c++, channel += 4) {
            job.from = tc_plane_of(p, in, c, buffer);
            job.to = out + c;
            for (int32_t i = 0; i < 6; i += 2, w += 3) {
                job.taps[i] = tc_pack16(w[0], w[1]);
                job.taps[i + 1] = tc_pack16(w[1], w[2]);
            }
            for (int32_t i = 0; i < 4; i++) {
                job.channel[i] = channel[i];
            }
            job.lines = p->outer_out;
            tc_depthwise_3x3(&job);
        }
    }
}

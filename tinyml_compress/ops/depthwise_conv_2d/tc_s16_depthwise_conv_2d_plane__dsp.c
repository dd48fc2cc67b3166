/* Depthwise convolution of int16 by int8 on SMLAD plane by plane, as the int8 kernel has it: a channel's image lies in
 * a buffer with its padding of zeros round it. The generator has proven that 32 bits hold every sum. */
#include "tc_conv_wide.h"
#include "tc_dsp.h"

static TC_INLINE void tc_s16_plane_gather(const tc_s16_depthwise_plane *p, const int16_t *in, int16_t *plane) {
    int16_t *line = plane + p->outer_pad * p->pitch + p->inner_pad;
    for (int32_t o = p->outer_in; o > 0; o--, line += p->pitch, in += p->outer_in_step) {
        const int16_t *from = in;
        int16_t *to = line;
        for (int32_t left = p->inner_in; left > 0; left--, from += p->inner_in_step) {
            *to++ = *from;
        }
    }
}

/* One channel's taps, each line of them padded to pairs; returns the weights behind. */
static TC_INLINE const int8_t *tc_s16_plane_taps(const tc_s16_depthwise_plane *p, const int8_t *w, int16_t *to) {
    for (int32_t o = p->outer_kernel; o > 0; o--) {
        for (int32_t i = p->inner_kernel; i > 0; i--) {
            *to++ = *w++;
        }
        if (p->inner_kernel % 2 != 0) {
            *to++ = 0;
        }
    }
    return w;
}

static TC_INLINE void tc_s16_plane_channel(const tc_s16_depthwise_plane *p, const int16_t *line, const int16_t *taps,
                                           const int32_t *channel, int16_t *to_line) {
    const int32_t pairs = (p->inner_kernel + 1) / 2;
    const int32_t next = p->outer_dilation * p->pitch;
    for (int32_t o = p->outer_out; o > 0; o--, line += p->outer_stride * p->pitch, to_line += p->outer_out_step) {
        const int16_t *window = line;
        int16_t *to = to_line;
        for (int32_t left = p->inner_out; left > 0; left--, to += p->inner_out_step, window += p->inner_stride) {
            int32_t sum = 0;
            const int16_t *k = taps;
            const int16_t *row = window;
            for (int32_t ky = p->outer_kernel; ky > 0; ky--, row += next) {
                const int16_t *from = row;
                for (int32_t pair = pairs; pair > 0; pair--, from += 2, k += 2) {
                    sum = tc_smlad(tc_load32(from), tc_load32(k), sum);
                }
            }
            *to = tc_s16_finish(sum, channel, p->act_min, p->act_max);
        }
    }
}

TC_KERNEL void tc_s16_depthwise_conv_2d_plane__dsp(const tc_s16_depthwise_plane *p, const int16_t *in, int16_t *out,
                                                   void *scratch) {
    int16_t *plane = (int16_t *)scratch;
    int16_t *taps = plane + p->lines * p->pitch;
    TC_MEMSET(plane, 0, (size_t)(p->lines * p->pitch) * sizeof *plane);
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        int16_t *to = out;
        for (int32_t c = 0; c < p->in_c; c++) {
            tc_s16_plane_gather(p, in + c, plane);
            for (int32_t m = p->multiplier; m > 0; m--, to++, channel += 3) {
                w = tc_s16_plane_taps(p, w, taps);
                tc_s16_plane_channel(p, plane, taps, channel, to);
            }
        }
    }
}

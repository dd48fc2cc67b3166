/* Depthwise convolution with any kernel, stride and multiplier; the inner axis is not dilated. With `int4`, a constant
 * where it is called, the taps of each output channel start at a byte, low half first. */
#ifndef TC_DEPTHWISE_PLANE_ANY_H
#define TC_DEPTHWISE_PLANE_ANY_H

#include "tc_depthwise_plane.h"
#include "tc_int4.h"

static TC_INLINE void tc_plane_any(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out, void *scratch,
                                   int int4) {
    int16_t *buffer = (int16_t *)scratch;
    int16_t *taps = buffer + p->planes * p->lines * p->pitch;
    const int32_t pairs = (p->inner_kernel + 1) / 2;
    const int32_t next = p->outer_dilation * p->pitch;
    tc_plane_clear(p, buffer);
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int8_t *w = p->weights;
        const uint8_t *packed = (const uint8_t *)p->weights;
        int32_t taken = 0;
        int8_t *to_channel = out;
        for (int32_t c = 0; c < p->in_c; c++) {
            const int16_t *plane = tc_plane_of(p, in, c, buffer);
            for (int32_t m = 0; m < p->multiplier; m++, to_channel++) {
                int32_t channel[4];
                tc_plane_channel(p, c * p->multiplier + m, channel);
                int16_t *tap = taps; /* each line of taps ends with a 0 where it is odd */
                for (int32_t o = p->outer_kernel; o > 0; o--) {
                    for (int32_t i = p->inner_kernel; i > 0; i--) {
                        *tap++ = int4 ? (int16_t)tc_int4_at(packed, taken++) : *w++;
                    }
                    if (p->inner_kernel % 2 != 0) {
                        *tap++ = 0;
                    }
                }
                taken += taken % 2;
                const int16_t *line = plane;
                int8_t *to_line = to_channel;
                for (int32_t o = p->outer_out; o > 0; o--) {
                    const int16_t *window = line;
                    int8_t *to = to_line;
                    for (int32_t left = p->inner_out; left > 0; left--) {
                        int32_t sum = channel[0];
                        const int16_t *k = taps;
                        const int16_t *row = window;
                        for (int32_t ky = p->outer_kernel; ky > 0; ky--, row += next) {
                            const int16_t *from = row;
                            for (int32_t pair = pairs; pair > 0; pair--, from += 2, k += 2) {
                                sum = tc_smlad(tc_load32(from), tc_load32(k), sum);
                            }
                        }
                        *to = tc_fast_finish(sum, channel);
                        to += p->inner_out_step;
                        window += p->inner_stride;
                    }
                    line += p->outer_stride * p->pitch;
                    to_line += p->outer_out_step;
                }
            }
        }
    }
}

#endif

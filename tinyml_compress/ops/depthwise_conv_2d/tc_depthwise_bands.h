/* Depthwise 3x3 of images whose planes are too large for four channels at once: the buffers hold a band of lines. */
#ifndef TC_DEPTHWISE_BANDS_H
#define TC_DEPTHWISE_BANDS_H

#include "tc_depthwise_3x3.h"

static TC_NOINLINE void tc_plane_pad(const tc_s8_depthwise_plane *p, int16_t *line, int32_t lines) {
    const uint32_t zero = tc_pack16(p->in_zero, p->in_zero);
    for (int32_t left = lines * p->pitch; left > 0; left -= 2, line += 2) {
        tc_store32(line, zero);
    }
}

/* For the windows of three lines of the outputs from line `done` on: those that the last band left begin the buffers,
 * what lies above or below the image is padding, and the rest is for `band` to gather, from the line that is returned.
 */
static TC_NOINLINE int32_t tc_plane_band(const tc_s8_depthwise_plane *p, int32_t done, int16_t *plane,
                                         tc_s8_depthwise_plane *band) {
    const int32_t size = p->lines * p->pitch;
    const int32_t kept = done == 0 || p->outer_stride > 2 ? 0 : 3 - p->outer_stride;
    const int32_t on = p->band * p->outer_stride * p->pitch;
    const int32_t first = done * p->outer_stride - p->outer_pad;
    const int32_t end = first + (band->outer_out - 1) * p->outer_stride + 3;
    const int32_t from = first + kept > 0 ? first + kept : 0;
    const int32_t to = end < p->outer_in ? end : p->outer_in;
    for (int32_t i = 0; i < 4 * size; i += size) {
        int16_t *line = plane + i;
        if (kept > 0) {
            TC_MEMCPY(line, line + on, (size_t)(2 * kept * p->pitch));
        }
        if (first < 0) {
            tc_plane_pad(p, line, -first);
        }
        if (to < end) {
            tc_plane_pad(p, line + (to - first) * p->pitch, end - to);
        }
    }
    band->outer_pad = from - first;
    band->outer_in = to - from;
    return from;
}

/* One band is made after the other as if it was an image. `relu` is a constant where this is inlined. */
static TC_INLINE void tc_depthwise_bands(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out, void *scratch,
                                         tc_depthwise_run run, int relu) {
    int16_t *buffer = (int16_t *)scratch;
    tc_s8_depthwise_plane band = *p;
    int32_t done = 0;
    int32_t c = 0;
    band.batch = 1;
    band.in_c = 4;
    tc_plane_clear(p, buffer);
    for (int32_t images = p->batch; images > 0;) {
        const int32_t left = p->outer_out - done;
        band.outer_out = left < p->band ? left : p->band;
        const int32_t from = tc_plane_band(p, done, buffer, &band);
        tc_depthwise_planes(&band, in + c + from * p->outer_in_step, out + c + done * p->outer_out_step, buffer, run,
                            relu);
        done += p->band;
        if (done >= p->outer_out) {
            done = 0;
            c += 4;
            band.weights += 36;
            band.channels += p->packed ? 8 : 16;
        }
        if (c == p->in_c) {
            c = 0;
            band.weights = p->weights;
            band.channels = p->channels;
            in += p->in_bytes;
            out += p->out_bytes;
            images--;
        }
    }
}

#endif

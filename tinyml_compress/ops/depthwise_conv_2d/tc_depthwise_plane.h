/* Depthwise convolution plane by plane: a channel's image is widened to 16 bits into a buffer with its padding round
 * it, then the kernel runs over the buffer. Each output byte lies where only its own channel's input lay: output may
 * lie exactly over input of the same shape. Either axis of the image may be the inner one. */
#ifndef TC_DEPTHWISE_PLANE_H
#define TC_DEPTHWISE_PLANE_H

#include "tc_conv.h"
#include "tc_depthwise_fours.h"

static TC_NOINLINE void tc_plane_clear(const tc_s8_depthwise_plane *p, int16_t *plane) {
    const uint32_t zero = tc_pack16(p->in_zero, p->in_zero);
    for (int32_t left = p->planes * p->lines * p->pitch / 2; left > 0; left--, plane += 2) {
        tc_store32(plane, zero);
    }
}

/* Lines and values that no window reaches (stride) lie beyond the buffer and are left out by the generator's counts. */
static TC_NOINLINE void tc_plane_gather(const tc_s8_depthwise_plane *p, const int8_t *in, int16_t *plane) {
    int16_t *line = plane + p->outer_pad * p->pitch + p->inner_pad;
    const int32_t step = p->inner_in_step;
    const int32_t pitch = p->pitch;
    for (int32_t o = p->outer_in; o > 0; o--, line += pitch, in += p->outer_in_step) {
        const int8_t *from = in;
        int16_t *to = line;
        for (int32_t left = p->inner_in; left > 0; left--, from += step) {
            *to++ = *from;
        }
    }
}

/* A line of four channels into four buffers; pairs of values start at even places. */
static TC_INLINE void tc_plane_line4(const tc_s8_depthwise_plane *p, const int8_t *from, int16_t *to, int32_t size) {
    const int32_t step = p->inner_in_step;
    int32_t left = p->inner_in;
    if (p->inner_pad % 2 != 0) {
        tc_plane_one(from, to, size);
        from += step;
        to++;
        left--;
    }
    const int32_t pairs = left / 2;
    tc_plane_pairs(from, step, to, size, pairs);
    if (left % 2 > 0) {
        tc_plane_one(from + pairs * 2 * step, to + pairs * 2, size);
    }
}

static TC_NOINLINE void tc_plane_gather4(const tc_s8_depthwise_plane *p, const int8_t *in, int16_t *plane) {
    int16_t *line = plane + p->outer_pad * p->pitch + p->inner_pad;
    for (int32_t o = p->outer_in; o > 0; o--, line += p->pitch, in += p->outer_in_step) {
        tc_plane_line4(p, in, line, p->lines * p->pitch);
    }
}

/* Parameters of output channel `c`. */
static TC_INLINE void tc_plane_channel(const tc_s8_depthwise_plane *p, int32_t c, int32_t *fast) {
    if (p->packed) {
        tc_fast_unpack(p->channels + 2 * c, p->out_zero, fast);
        return;
    }
    for (int32_t i = 0; i < 4; i++) {
        fast[i] = p->channels[4 * c + i];
    }
}

/* The buffer that holds input channel `c`, gathered now where it is the first of its group. */
static TC_INLINE int16_t *tc_plane_of(const tc_s8_depthwise_plane *p, const int8_t *in, int32_t c, int16_t *plane) {
    if (p->planes == 4) {
        if (c % 4 == 0) {
            tc_plane_gather4(p, in + c, plane);
        }
        return plane + c % 4 * p->lines * p->pitch;
    }
    tc_plane_gather(p, in + c, plane);
    return plane;
}

#endif

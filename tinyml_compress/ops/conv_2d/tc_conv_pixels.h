/* Walks the output pixels of the DSP convolution four by four: gathers their windows, runs the block. */
#ifndef TC_CONV_PIXELS_H
#define TC_CONV_PIXELS_H

#include "tc_conv_block.h"
#include "tc_int4.h"

typedef struct {
    const int8_t *image;
    int32_t y;
    int32_t x;
} tc_conv_at;

static TC_INLINE void tc_conv_copy_channel(int32_t *to, const int32_t *from, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

/* One of two channels as the block of scaled sums takes it (tc_conv_quads.h), `which` 0 or 1. Of what tc_fast_finish
 * does all is times 2^(16 - shift), less the zero point of -128; the bias is doubled already. */
static TC_INLINE void tc_conv_scale(const int32_t *packed, int32_t *pair, int32_t which) {
    const int32_t more = 16 - (packed[0] & 31);
    pair[which] = (packed[0] >> 5) * (1 << more);
    pair[2 + which] = which == 0 ? 1 << (more - 7) : 2 << more;
    pair[4 + 2 * which] = packed[1];
    pair[5 + 2 * which] = (1 << 15) + ((1 << more) >> 1);
}

/* All of them, an even number, which lie packed; returns the place behind. */
static TC_NOINLINE int32_t *tc_conv_scale_all(const tc_s8_conv_block *p, int32_t *to) {
    const int32_t *from = p->channels;
    for (int32_t left = p->window.out_c; left > 0; left -= 2, from += 4, to += 8) {
        tc_conv_scale(from, to, 0);
        tc_conv_scale(from + 2, to, 1);
    }
    return to;
}

static TC_NOINLINE int32_t *tc_conv_unpack_all(const tc_s8_conv_block *p, int32_t *pair) {
    const int32_t *packed = p->channels;
    for (int32_t left = p->window.out_c; left > 0; left -= 2, packed += 4) {
        int32_t fast[4];
        tc_fast_unpack(packed, p->out_zero, fast);
        if (left == 1) {
            tc_conv_copy_channel(pair, fast, 4);
            return pair + 4;
        }
        pair[0] = fast[0];
        tc_conv_copy_channel(pair + 2, fast + 1, 3);
        tc_fast_unpack(packed + 2, p->out_zero, fast);
        pair[1] = fast[0];
        tc_conv_copy_channel(pair + 5, fast + 1, 3);
        pair += 8;
    }
    return pair;
}

/* The channels' parameters as the block wants them, at `to` where they lie packed; `*end` is the scratch behind.
 * `scaled` is a constant where this is called. */
static TC_INLINE const int32_t *tc_conv_channels(const tc_s8_conv_block *p, int32_t *to, int8_t **end, int scaled) {
    if (!p->packed) {
        *end = (int8_t *)to;
        return p->channels;
    }
    *end = (int8_t *)(scaled ? tc_conv_scale_all(p, to) : tc_conv_unpack_all(p, to));
    return to;
}

/* Runs the block for `count` pixels (1 to 4) whose windows lie in `values`; `out` is the first one's channels. */
static TC_INLINE void tc_conv_run(const tc_s8_conv_block *p, const int8_t *weights, const uint32_t *values,
                                  const int32_t *channels, int8_t *out, int32_t count, tc_conv_block block) {
    tc_conv_job job;
    for (int32_t i = 0; i < 4; i++) {
        job.out[i] = out + (i < count ? i : 0) * p->window.out_c;
    }
    job.values = values;
    job.weights = weights;
    job.channels = channels;
    job.channel_pairs = p->window.out_c / 2;
    job.depth_bytes = p->depth_pairs * 4;
    if (job.channel_pairs > 0) {
        block(&job);
    }
    if (p->window.out_c % 2 != 0) {
        tc_conv_last_channel(&job, job.weights + p->window.out_c / 2 * job.depth_bytes,
                             channels + p->window.out_c / 2 * 8, p->depth_pairs);
    }
}

/* Each packed word holds the four bytes of two words: the low halves are the first one's. */
static TC_NOINLINE void tc_conv_unpack4(uint32_t *to, const uint8_t *from, int32_t words) {
    for (; words > 0; words -= 2, from += 4, to += 2) {
        const uint32_t packed = tc_load32(from);
        to[0] = tc_signed4(packed & 0x0f0f0f0fu);
        to[1] = tc_signed4(packed >> 4 & 0x0f0f0f0fu);
    }
}

/* The same with int4 weights, whose words lie in twos; `unpacked` has room for those of two channels. */
static TC_INLINE void tc_conv_run4(const tc_s8_conv_block *p, const uint32_t *values, const int32_t *channels,
                                   int8_t *out, int32_t count, tc_conv_block block, uint32_t *unpacked) {
    const uint8_t *weights = (const uint8_t *)p->weights;
    tc_conv_job job;
    for (int32_t i = 0; i < 4; i++) {
        job.out[i] = out + (i < count ? i : 0) * p->window.out_c;
    }
    job.values = values;
    job.weights = (const int8_t *)(const void *)unpacked;
    job.depth_bytes = p->depth_pairs * 4;
    job.channels = channels;
    for (int32_t pair = p->window.out_c / 2; pair > 0; pair--, weights += 2 * p->depth_pairs, job.channels += 8) {
        tc_conv_unpack4(unpacked, weights, p->depth_pairs);
        job.channel_pairs = 1;
        block(&job);
    }
    if (p->window.out_c % 2 != 0) {
        tc_conv_unpack4(unpacked, weights, p->depth_pairs / 2);
        tc_conv_last_channel(&job, job.weights, job.channels, p->depth_pairs);
    }
}

static TC_INLINE void tc_conv_next(const tc_s8_conv_block *p, tc_conv_at *at) {
    if (++at->x == p->window.out_w) {
        at->x = 0;
        if (++at->y == p->window.out_h) {
            at->y = 0;
            at->image += p->window.in_h * p->window.in_w * p->window.in_c;
        }
    }
}

#endif

/* Walks the output pixels of the DSP convolution four by four: gathers their windows, runs the block. */
#ifndef TC_CONV_PIXELS_H
#define TC_CONV_PIXELS_H

#include "tc_conv_block.h"

typedef struct {
    const int8_t *image;
    int32_t y;
    int32_t x;
} tc_conv_at;

/* Runs the block for `count` pixels (1 to 4) whose windows lie in `values`; `out` is the first one's channels. */
static TC_INLINE void tc_conv_run(const tc_s8_conv_block *p, const uint32_t *values, int8_t *out, int32_t count) {
    tc_conv_job job;
    for (int32_t i = 0; i < 4; i++) {
        job.out[i] = out + (i < count ? i : 0) * p->out_c;
    }
    job.values = values;
    job.weights = p->weights;
    job.channels = p->channels;
    job.channel_pairs = p->out_c / 2;
    job.depth_bytes = p->depth_pairs * 4;
    job.entry = 0;
    if (job.channel_pairs > 0) {
        tc_conv_block(&job);
    }
    if (p->out_c % 2 != 0) {
        tc_conv_last_channel(&job, p->weights + p->out_c / 2 * job.depth_bytes, p->depth_pairs);
    }
}

static TC_INLINE void tc_conv_next(const tc_s8_conv_block *p, tc_conv_at *at) {
    if (++at->x == p->out_w) {
        at->x = 0;
        if (++at->y == p->out_h) {
            at->y = 0;
            at->image += p->in_h * p->in_w * p->in_c;
        }
    }
}

#endif

/* Walks the output of a sparse convolution strip by strip. Scratch: words of the strips' windows, channel parameters,
 * eight pixels of output, one pixel of zero points. */
#ifndef TC_CONV_SPARSE_WALK_H
#define TC_CONV_SPARSE_WALK_H

#include "tc_conv_sparse.h"
#include "tc_conv_strips.h"

static TC_INLINE void tc_sparse_copy(int8_t *to, const int8_t *from, int32_t bytes) {
    for (int32_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}

static TC_INLINE int32_t tc_sparse_up_to_4(int32_t count) {
    return count < 0 ? 0 : (count < 4 ? count : 4);
}

/* Four pixels of each strip, all channels; A's begin at y, x. */
static TC_NOINLINE void tc_sparse_pixels(const tc_s8_conv_sparse *p, tc_sparse_job *job, int8_t *image, int32_t y,
                                         int32_t x, int8_t *spare, tc_sparse_block block) {
    const int flat = p->window.out_h == 1;
    const int32_t count_a = tc_sparse_up_to_4(p->window.out_w - x);
    const int32_t behind = flat ? p->columns : p->window.out_w;
    const int32_t count_b =
        flat ? tc_sparse_up_to_4(p->window.out_w - x - behind) : (y + 1 < p->window.out_h ? count_a : 0);
    int8_t *out = image + (y * p->window.out_w + x) * p->window.out_c;
    if (count_a == 0) {
        return;
    }
    job->a = count_a == 4 ? out : spare;
    job->b = count_b == 4 ? out + behind * p->window.out_c : spare + 4 * p->window.out_c;
    block(job);
    if (count_a < 4) {
        tc_sparse_copy(out, spare, count_a * p->window.out_c);
    }
    if (count_b < 4) {
        tc_sparse_copy(out + behind * p->window.out_c, spare + 4 * p->window.out_c, count_b * p->window.out_c);
    }
}

static TC_NOINLINE void tc_sparse_walk(const tc_s8_conv_sparse *p, const int8_t *in, int8_t *out, void *scratch,
                                       tc_sparse_block block) {
    uint32_t *values = (uint32_t *)scratch;
    int32_t *channels = (int32_t *)scratch + p->window.kernel_h * p->window.in_c * p->phases * p->run;
    int8_t *spare = (int8_t *)(channels + 4 * p->window.out_c);
    int8_t *zeros = spare + 8 * p->window.out_c;
    tc_sparse_job job;
    for (int32_t c = 0; c < p->window.out_c; c++) {
        int32_t *channel = channels + 4 * c;
        tc_fast_unpack(p->channels + 2 * c, p->out_zero, channel);
        channel[3] = tc_sparse_flow(channel[3], p->counts[c]);
    }
    for (int32_t c = 0; c < p->window.in_c; c++) {
        zeros[c] = (int8_t)p->in_zero;
    }
    job.channels = channels;
    job.out_c = p->window.out_c;
    job.left = p->window.out_c;
    job.weights = p->weights;
    const int32_t rows = p->window.out_h == 1 ? 1 : 2;
    const int32_t columns = p->window.out_h == 1 ? 2 * p->columns : p->columns;
    for (int32_t image = 0; image < p->window.batch; image++) {
        for (int32_t y = 0; y < p->window.out_h; y += rows) {
            for (int32_t x = 0; x < p->window.out_w; x += columns) {
                tc_strips_gather(p, in, y, x, zeros, values);
                for (int32_t i = 0; i < p->columns; i += 4) {
                    job.values = values + i;
                    tc_sparse_pixels(p, &job, out, y, x + i, spare, block);
                }
            }
        }
        in += p->window.in_h * p->window.in_w * p->window.in_c;
        out += p->window.out_h * p->window.out_w * p->window.out_c;
    }
}

#endif

/* Convolution that touches only weights that are not zero, which lie one behind the other, a bit per weight saying
 * which these are: of each output channel they are unpacked into scratch for a tile's pixels. Scratch: words of the
 * strips' windows, a channel's parameters and weights, the place of each weight of a window, eight pixels of output,
 * one pixel of zero points. Output may run over input that no later strip reads. */
#include "tc_conv_sparse_bytes.h"
#include "tc_conv_sparse_walk.h"

/* The word of each weight of a window, in the order of the bits. */
static TC_INLINE void tc_bitmap_places(const tc_s8_conv_sparse *p, uint16_t *places) {
    int32_t group = 0;
    for (int32_t n = p->window.kernel_h * p->window.in_c; n > 0; n--) {
        for (int32_t phase = 0; phase < p->phases; phase++, group += p->run) {
            int32_t ahead = 0;
            for (int32_t kx = 0; kx < p->window.kernel_w; kx++, ahead += p->window.dilation_w) {
                if (ahead % p->window.stride_w == phase) {
                    *places++ = (uint16_t)(group + ahead / p->window.stride_w);
                }
            }
        }
    }
}

static TC_INLINE int32_t tc_bitmap_lowest(uint32_t bits) {
#if defined(__GNUC__)
    return (int32_t)__builtin_ctz(bits);
#else
    int32_t found = 0;
    for (; (bits & 1u) == 0; bits >>= 1) {
        found++;
    }
    return found;
#endif
}

/* One channel's weights as [step, weight] by pairs; `*weights` moves behind them. Returns the pairs. */
static TC_NOINLINE int32_t tc_bitmap_unpack(const uint8_t *bitmap, int32_t words, const uint16_t *places,
                                            const int8_t **weights, uint8_t *to) {
    const uint8_t *start = to;
    const int8_t *weight = *weights;
    int32_t at = 0;
    for (; words > 0; words--, bitmap += 4, places += 32) {
        uint32_t bits = tc_load32(bitmap);
        for (; bits != 0; bits &= bits - 1u) {
            const int32_t place = places[tc_bitmap_lowest(bits)];
            int32_t step = place - at;
            at = place;
            for (; step > 255; step -= 255, to += 2) {
                to[0] = 255;
                to[1] = 0;
            }
            to[0] = (uint8_t)step;
            to[1] = (uint8_t)*weight++;
            to += 2;
        }
    }
    *weights = weight;
    if (to == start) {
        to[0] = to[1] = 0;
        to += 2;
    }
    if ((to - start) % 4 != 0) {
        to[0] = to[1] = 0;
        to += 2;
    }
    return (int32_t)((to - start) / 4);
}

/* Four pixels of each strip, one channel; A's begin at y, x. */
static TC_INLINE void tc_bitmap_pixels(const tc_s8_conv_sparse *p, tc_sparse_job *job, int8_t *image, int32_t y,
                                       int32_t x, int8_t *spare) {
    const int flat = p->window.out_h == 1;
    const int32_t count_a = tc_sparse_up_to_4(p->window.out_w - x);
    const int32_t behind = flat ? p->columns : p->window.out_w;
    const int32_t count_b =
        flat ? tc_sparse_up_to_4(p->window.out_w - x - behind) : (y + 1 < p->window.out_h ? count_a : 0);
    int8_t *a = image + (y * p->window.out_w + x) * p->window.out_c;
    int8_t *b = a + behind * p->window.out_c;
    if (count_a == 0) {
        return;
    }
    job->a = count_a == 4 ? a : spare;
    job->b = count_b == 4 ? b : spare + 4 * p->window.out_c;
    tc_sparse_bytes(job);
    for (int32_t i = 0; i < count_a && count_a < 4; i++) {
        a[i * p->window.out_c] = spare[i * p->window.out_c];
    }
    for (int32_t i = 0; i < count_b && count_b < 4; i++) {
        b[i * p->window.out_c] = spare[(4 + i) * p->window.out_c];
    }
}

TC_KERNEL void tc_s8_conv_2d_bitmap__dsp(const tc_s8_conv_sparse *p, const int8_t *in, int8_t *out, void *scratch) {
    const int32_t depth = p->window.kernel_h * p->window.kernel_w * p->window.in_c;
    uint32_t *values = (uint32_t *)scratch;
    int32_t *channel = (int32_t *)scratch + p->window.kernel_h * p->window.in_c * p->phases * p->run;
    uint8_t *stream = (uint8_t *)(channel + 4);
    uint16_t *places = (uint16_t *)(void *)(stream + p->unpacked);
    int8_t *spare = (int8_t *)(places + depth);
    int8_t *zeros = spare + 8 * p->window.out_c;
    const int32_t words = (depth + 31) / 32;
    const int32_t rows = p->window.out_h == 1 ? 1 : 2;
    const int32_t columns = p->window.out_h == 1 ? 2 * p->columns : p->columns;
    tc_sparse_job job;
    tc_bitmap_places(p, places);
    for (int32_t c = 0; c < p->window.in_c; c++) {
        zeros[c] = (int8_t)p->in_zero;
    }
    job.channels = channel;
    job.out_c = p->window.out_c;
    job.left = 1;
    job.weights = (const int8_t *)stream;
    for (int32_t image = 0; image < p->window.batch; image++) {
        for (int32_t y = 0; y < p->window.out_h; y += rows) {
            for (int32_t x = 0; x < p->window.out_w; x += columns) {
                const int8_t *weights = p->weights;
                tc_strips_gather(p, in, y, x, zeros, values);
                for (int32_t c = 0; c < p->window.out_c; c++) {
                    const int32_t pairs = tc_bitmap_unpack(p->counts + 4 * words * c, words, places, &weights, stream);
                    tc_fast_unpack(p->channels + 2 * c, p->out_zero, channel);
                    channel[3] = tc_sparse_flow(channel[3], pairs);
                    for (int32_t i = 0; i < p->columns; i += 4) {
                        job.values = values + i;
                        tc_bitmap_pixels(p, &job, out + c, y, x + i, spare);
                    }
                }
            }
        }
        in += p->window.in_h * p->window.in_w * p->window.in_c;
        out += p->window.out_h * p->window.out_w * p->window.out_c;
    }
}

/* Depthwise 3x3 in plain C, one output channel per input channel: a channel's image is copied with its padding round
 * it, as values plus 128 (which the bias allows for), so that nine loads at fixed places make an output. Each output
 * byte lies where only its own channel's input lay: output may lie exactly over input of the same shape. Either axis of
 * the image may be the inner one. */
#include "tc_conv.h"

static TC_NOINLINE void tc_depthwise_bytes_gather(const tc_s8_depthwise_bytes *p, const int8_t *in, uint8_t *line) {
    const int32_t step = p->inner_in_step;
    for (int32_t o = p->outer_in; o > 0; o--, line += p->pitch, in += p->outer_in_step) {
        const int8_t *from = in;
        uint8_t *to = line;
        for (int32_t left = p->inner_in; left > 0; left--, from += step) {
            *to++ = (uint8_t)((uint8_t)*from ^ 0x80u);
        }
    }
}

static TC_NOINLINE void tc_depthwise_bytes_channel(const tc_s8_depthwise_bytes *p, const uint8_t *plane,
                                                   const int8_t *weights, const int32_t *channel, int8_t *out) {
    int32_t w[9];
    const int32_t step = p->inner_out_step;
    for (int i = 0; i < 9; i++) {
        w[i] = weights[i];
    }
    for (int32_t o = p->outer_out; o > 0; o--, plane += p->outer_stride * p->pitch, out += p->outer_out_step) {
        const uint8_t *top = plane;
        const uint8_t *middle = top + p->pitch;
        const uint8_t *bottom = middle + p->pitch;
        int8_t *to = out;
        for (int32_t left = p->inner_out; left > 0; left--, to += step) {
            int32_t acc = top[0] * w[0] + top[1] * w[1] + top[2] * w[2];
            acc += middle[0] * w[3] + middle[1] * w[4] + middle[2] * w[5];
            acc += bottom[0] * w[6] + bottom[1] * w[7] + bottom[2] * w[8];
            top += p->inner_stride;
            middle += p->inner_stride;
            bottom += p->inner_stride;
            *to = tc_s8_finish(acc, channel, p->out_zero, p->act_min, p->act_max);
        }
    }
}

TC_KERNEL void tc_s8_depthwise_conv_2d_3x3__c(const tc_s8_depthwise_bytes *p, const int8_t *in, int8_t *out,
                                              void *scratch) {
    uint8_t *plane = (uint8_t *)scratch;
    for (int32_t i = 0; i < p->lines * p->pitch; i++) {
        plane[i] = (uint8_t)(p->in_zero + 128);
    }
    for (int32_t b = p->batch; b > 0; b--, in += p->in_bytes, out += p->out_bytes) {
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        for (int32_t c = 0; c < p->in_c; c++, w += 9, channel += 3) {
            tc_depthwise_bytes_gather(p, in + c, plane + p->outer_pad * p->pitch + p->inner_pad);
            tc_depthwise_bytes_channel(p, plane, w, channel, out + c);
        }
    }
}

/* Fully-connected layer of int16 by int8 on SMLAD, two outputs at a time. Values are first brought into the order in
 * which SXTB16 unpacks weights: of each four 0 and 2, then 1 and 3; the last four are padded with zeros. Of each two
 * outputs and four inputs the weights are two words side by side; a last odd output's follow. Sums of 32 bits hold
 * `chunk` fours, whatever the values are. */
#include "tc_dsp.h"
#include "tc_fully_connected.h"

static TC_INLINE void tc_s16_fc_order(uint32_t *to, const int16_t *in, int32_t count) {
    for (; count >= 4; count -= 4, in += 4, to += 2) {
        const uint32_t first = tc_load32(in);
        const uint32_t second = tc_load32(in + 2);
        to[0] = (first & 0xffffu) | second << 16;
        to[1] = first >> 16 | (second & 0xffff0000u);
    }
    if (count > 0) {
        to[0] = tc_pack16(in[0], count > 2 ? in[2] : 0);
        to[1] = tc_pack16(count > 1 ? in[1] : 0, 0);
    }
}

static TC_INLINE int32_t tc_s16_fc_step(const int8_t *w, const uint32_t *values, int32_t sum) {
    const uint32_t word = tc_load32(w);
    return tc_smlad(values[1], tc_sxtb16_odd(word), tc_smlad(values[0], tc_sxtb16(word), sum));
}

/* One or two outputs; returns the weights behind. */
static TC_INLINE const int8_t *tc_s16_fc_outputs(const tc_s16_fc_pairs *p, const uint32_t *values, const int8_t *w,
                                                 const int32_t *channel, int16_t *out, int outputs) {
    int64_t first = 0;
    int64_t second = 0;
    for (int32_t left = (p->in_c + 3) / 4; left > 0; left -= p->chunk) {
        int32_t a = 0;
        int32_t b = 0;
        for (int32_t i = left < p->chunk ? left : p->chunk; i > 0; i--, values += 2) {
            a = tc_s16_fc_step(w, values, a);
            w += 4;
            if (outputs == 2) {
                b = tc_s16_fc_step(w, values, b);
                w += 4;
            }
        }
        first += a;
        second += b;
    }
    out[0] = tc_s16_finish(first, channel, p->act_min, p->act_max);
    if (outputs == 2) {
        out[1] = tc_s16_finish(second, channel + 3, p->act_min, p->act_max);
    }
    return w;
}

TC_KERNEL void tc_s16_fully_connected__dsp(const tc_s16_fc_pairs *p, const int16_t *in, int16_t *out, void *scratch) {
    uint32_t *values = (uint32_t *)scratch;
    for (int32_t b = p->batch; b > 0; b--, in += p->in_c) {
        const int8_t *w = p->weights;
        const int32_t *channel = p->channels;
        int32_t left = p->out_c;
        tc_s16_fc_order(values, in, p->in_c);
        for (; left > 1; left -= 2, channel += 6, out += 2) {
            w = tc_s16_fc_outputs(p, values, w, channel, out, 2);
        }
        if (left > 0) {
            (void)tc_s16_fc_outputs(p, values, w, channel, out++, 1);
        }
    }
}

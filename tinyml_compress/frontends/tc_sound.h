/* The front end of a sound in whole numbers, stage by stage: a frame under its window, its Fourier transform, the
 * energies of its bands, their logarithms, cosines of those, and the bytes that a model takes. frontends/sound.py says
 * the same in Python, bit for bit. All that a form settles is a constant where these functions are inlined. */
#ifndef TC_SOUND_H
#define TC_SOUND_H

#include "tc_bits.h"
#include "tc_dsp_wide.h"
#include "tc_input.h"

typedef struct {
    int32_t window;
    int32_t log_points; /* of the complex transform, half as long as the real one */
    int32_t shift;
    int32_t energy_bits;
    int32_t bands;
    int32_t coefficients; /* 0: the logarithms are the features */
    int32_t cosine_bits;
    uint64_t floor;
    const int16_t *hann;
    const uint32_t *circle; /* cosine in the low half, sine in the high one */
    const int32_t *starts;
    const int16_t *rising;
    const int16_t *cosines; /* rows of an even number of them */
    const uint16_t *logs;
} tc_sound_params;

#define TC_SOUND_LOG_CELLS 64

/* The place behind `place` in the order of reversed bits. */
static TC_INLINE uint32_t tc_sound_next(uint32_t place, uint32_t half) {
    while ((place & half) != 0u) {
        place ^= half;
        half >>= 1;
    }
    return place | half;
}

#define TC_SOUND_CLEAN_BITS 13

/* The mean of a frame, with 13 bits behind the point. */
static TC_INLINE int32_t tc_sound_mean(const int16_t *samples, int32_t window) {
    int32_t sum = 0;
    for (int32_t i = 0; i < window; ++i) {
        sum += samples[i];
    }
    int32_t quotient = sum / window;
    int32_t rest = sum % window;
    if (rest < 0) {
        --quotient;
        rest += window;
    }
    return quotient * (1 << TC_SOUND_CLEAN_BITS) + (rest * (1 << TC_SOUND_CLEAN_BITS) + window / 2) / window;
}

/* A frame without its mean, and with high tones raised: a part of each sample, `emphasis` in Q15, is taken from the
 * next one. It goes to the right until it fits 16 bits; returns how far it is to the left of its samples then. */
static TC_INLINE int32_t tc_sound_clean(const int16_t *samples, int32_t window, int32_t remove_dc, int32_t emphasis,
                                        int16_t *cleaned) {
    const int32_t mean = remove_dc != 0 ? tc_sound_mean(samples, window) : 0;
    const int32_t first = samples[0] * (1 << TC_SOUND_CLEAN_BITS) - mean;
    uint32_t loudest = 0;
    int32_t before = first;
    for (int32_t i = 0; i < window; ++i) {
        const int32_t now = samples[i] * (1 << TC_SOUND_CLEAN_BITS) - mean;
        const int32_t raised = now - (int32_t)(((int64_t)before * emphasis) >> 15);
        loudest |= (uint32_t)(raised ^ (raised >> 31));
        before = now;
    }
    const int32_t bits = loudest == 0u ? 0 : 32 - tc_leading_zeros(loudest);
    const int32_t right = bits > 15 ? bits - 15 : 0;
    const int32_t half = ((int32_t)1 << right) >> 1;
    before = first;
    for (int32_t i = 0; i < window; ++i) {
        const int32_t now = samples[i] * (1 << TC_SOUND_CLEAN_BITS) - mean;
        const int32_t raised = now - (int32_t)(((int64_t)before * emphasis) >> 15);
        const int32_t rounded = (raised + half) >> right;
        cleaned[i] = (int16_t)(rounded > INT16_MAX ? INT16_MAX : rounded);
        before = now;
    }
    return TC_SOUND_CLEAN_BITS - right;
}

/* How far a frame can go to the left: two samples at a time, each with itself one place to the left; the highest bit
 * that differs is the one below the signs. The lowest bit of the upper one is not its own, and says nothing. */
static TC_INLINE int32_t tc_sound_left(const int16_t *samples, int32_t window) {
    uint32_t changes = 0;
    for (int32_t i = 0; i < window / 2; ++i) {
        const uint32_t pair = tc_load32(samples + 2 * i);
        changes |= pair ^ (pair << 1);
    }
    if (window % 2 != 0) {
        const uint32_t last = (uint16_t)samples[window - 1];
        changes |= last ^ (last << 1);
    }
    changes = (changes | changes >> 16) & 0xfffeu;
    return changes == 0u ? 15 : tc_leading_zeros(changes) - 16;
}

/* Two samples under the window, as one complex number. */
static TC_INLINE void tc_sound_weighed(const int16_t *samples, const int16_t *hann, int32_t left, int32_t right,
                                       int32_t *point) {
    const uint32_t pair = tc_load32(samples);
    const uint32_t factors = tc_load32(hann);
    point[0] = (int32_t)((uint32_t)tc_smulbb(pair, factors) << left) >> right;
    point[1] = (int32_t)((uint32_t)tc_smultt(pair, factors) << left) >> right;
}

/* The frame, as loud as can be, under its window: two samples are one complex number, in the order that the transform
 * wants. Returns how far it went to the left, `gone` included, which it had gone before. */
static TC_INLINE int32_t tc_sound_window(const tc_sound_params *p, const int16_t *samples, int32_t gone,
                                         int32_t *points) {
    const int32_t possible = tc_sound_left(samples, p->window);
    const int32_t left = possible < 15 - gone ? possible : 15 - gone;
    const int32_t right = 16 - p->shift;
    const int32_t count = (int32_t)1 << p->log_points;
    const int32_t pairs = p->window / 2;
    uint32_t place = 0;
    int32_t i = 0;
    for (; i + 4 <= pairs; i += 4, place = tc_sound_next(place, (uint32_t)count / 8u)) {
        int32_t *const point = points + 2 * place;
        tc_sound_weighed(samples + 2 * i, p->hann + 2 * i, left, right, point);
        tc_sound_weighed(samples + 2 * i + 2, p->hann + 2 * i + 2, left, right, point + count);
        tc_sound_weighed(samples + 2 * i + 4, p->hann + 2 * i + 4, left, right, point + count / 2);
        tc_sound_weighed(samples + 2 * i + 6, p->hann + 2 * i + 6, left, right, point + count / 2 + count);
    }
    for (; i < count; ++i, place = tc_sound_next(place, (uint32_t)count / 2u)) {
        int32_t *const point = points + 2 * place;
        point[0] = 0;
        point[1] = 0;
        if (i < pairs) {
            tc_sound_weighed(samples + 2 * i, p->hann + 2 * i, left, right, point);
        } else if (2 * i < p->window) {
            point[0] = (int32_t)((uint32_t)(samples[2 * i] * p->hann[2 * i]) << left) >> right;
        }
    }
    return left + gone;
}

typedef struct {
    int32_t r;
    int32_t i;
} tc_sound_complex;

/* Half of a number times its point of the circle, clockwise. */
static TC_INLINE tc_sound_complex tc_sound_turned(const int32_t *x, uint32_t turn) {
    const tc_sound_complex made = {tc_smlawt(x[1], turn, tc_smulwb(x[0], turn)),
                                   tc_smulwb(x[1], turn) - tc_smulwt(x[0], turn)};
    return made;
}

static TC_INLINE tc_sound_complex tc_sound_plain(const int32_t *x, int32_t halve) {
    const tc_sound_complex made = {x[0] >> halve, x[1] >> halve};
    return made;
}

/* Four numbers become four; in the order of reversed bits they are those of the parts 0, 2, 1, 3. */
static TC_INLINE void tc_sound_four(int32_t *x, int32_t words, tc_sound_complex a, tc_sound_complex b,
                                    tc_sound_complex c, tc_sound_complex d) {
    const tc_sound_complex near = {a.r + c.r, a.i + c.i};
    const tc_sound_complex far = {a.r - c.r, a.i - c.i};
    const tc_sound_complex side = {b.r + d.r, b.i + d.i};
    const tc_sound_complex across = {b.r - d.r, b.i - d.i};
    x[0] = near.r + side.r;
    x[1] = near.i + side.i;
    x[words] = far.r + across.i;
    x[words + 1] = far.i - across.r;
    x[2 * words] = near.r - side.r;
    x[2 * words + 1] = near.i - side.i;
    x[3 * words] = far.r - across.i;
    x[3 * words + 1] = far.i + across.r;
}

/* The first stage, whose points of the circle are 1: pairs where the number of stages of two is odd, else fours. */
static TC_INLINE int32_t tc_sound_first(int32_t log_points, int32_t *x) {
    int32_t *const end = x + ((int32_t)2 << log_points);
    if (log_points % 2 != 0) {
        for (; x < end; x += 4) {
            const tc_sound_complex a = {x[0], x[1]};
            const tc_sound_complex b = {x[2], x[3]};
            x[0] = a.r + b.r;
            x[1] = a.i + b.i;
            x[2] = a.r - b.r;
            x[3] = a.i - b.i;
        }
        return 2;
    }
    if (log_points == 0) {
        return 1;
    }
    for (; x < end; x += 8) {
        tc_sound_four(x, 2, tc_sound_plain(x, 0), tc_sound_plain(x + 4, 0), tc_sound_plain(x + 2, 0),
                      tc_sound_plain(x + 6, 0));
    }
    return 4;
}

/* One stage: parts of `span` numbers become parts of four times as many. */
static TC_INLINE void tc_sound_stage(const tc_sound_params *p, int32_t *points, int32_t span) {
    const int32_t count = (int32_t)1 << p->log_points;
    const int32_t step = count / (2 * span);
    const int32_t words = 2 * span;
    int32_t *const end = points + 2 * count;
    for (int32_t *x = points; x < end; x += 4 * words) {
        tc_sound_four(x, words, tc_sound_plain(x, 1), tc_sound_plain(x + 2 * words, 1), tc_sound_plain(x + words, 1),
                      tc_sound_plain(x + 3 * words, 1));
    }
    const uint32_t *turn = p->circle;
    for (int32_t k = 1; k < span; ++k) {
        turn += step;
        const uint32_t once = turn[0];
        const uint32_t twice = turn[k * step];
        const uint32_t thrice = turn[2 * k * step];
        for (int32_t *x = points + 2 * k; x < end; x += 4 * words) {
            tc_sound_four(x, words, tc_sound_plain(x, 1), tc_sound_turned(x + 2 * words, once),
                          tc_sound_turned(x + words, twice), tc_sound_turned(x + 3 * words, thrice));
        }
    }
}

static TC_INLINE void tc_sound_transform(const tc_sound_params *p, int32_t *points) {
    const int32_t count = (int32_t)1 << p->log_points;
    const int32_t first = tc_sound_first(p->log_points, points);
    /* the spans written out, so that each is a constant where the form is one */
    if (first < count) {
        tc_sound_stage(p, points, first);
    }
    if (4 * first < count) {
        tc_sound_stage(p, points, 4 * first);
    }
    if (16 * first < count) {
        tc_sound_stage(p, points, 16 * first);
    }
    if (64 * first < count) {
        tc_sound_stage(p, points, 64 * first);
    }
    for (int32_t span = 256 * first; span < count; span *= 4) {
        tc_sound_stage(p, points, span);
    }
}

/* The natural logarithm of an energy, with 10 bits behind the point. */
static TC_INLINE int16_t tc_sound_log(const tc_sound_params *p, uint64_t energy, int32_t left) {
    const uint32_t high = (uint32_t)(energy >> 32);
    const int32_t zeros = high != 0u ? tc_leading_zeros(high) : 32 + tc_leading_zeros((uint32_t)energy);
    const uint32_t front = (uint32_t)((energy << zeros) >> 32);
    const int32_t cell = (int32_t)(front >> 25) & (TC_SOUND_LOG_CELLS - 1);
    const int32_t rest = (int32_t)(front >> 9) & 0xffff;
    const int32_t below = p->logs[cell];
    const int32_t fraction = below + ((((int32_t)p->logs[cell + 1] - below) * rest) >> 16);
    const int32_t binary = (63 - zeros - p->energy_bits - 2 * left) * (1 << 15) + fraction;
    return (int16_t)((tc_smulwb(binary * 256, 22713u) + (1 << 11)) >> 12);
}

/* The logarithms of the bands' energies, from the transform of the frame: the bins between two edges belong to the band
 * that rises there and to the one that falls. */
static TC_INLINE void tc_sound_bands(const tc_sound_params *p, const int32_t *points, int32_t left, int16_t *logs) {
    const int32_t count = (int32_t)1 << p->log_points;
    const uint64_t lowest = left < 0 ? p->floor >> (-2 * left) : p->floor << (2 * left);
    const uint64_t floor = lowest == 0u ? 1u : lowest;
    const int16_t *rising = p->rising;
    int64_t before = 0;
    int32_t k = p->starts[0];
    for (int32_t band = 0; band <= p->bands; ++band) {
        int64_t whole = 0;
        int64_t risen = 0;
        for (; k < p->starts[band + 1]; ++k) {
            const int32_t *x = points + 2 * k;
            const int32_t *u = points + 2 * (count - k);
            const uint32_t turn = p->circle[k];
            const int32_t a = x[1] + u[1];
            const int32_t b = u[0] - x[0];
            const int32_t r = tc_smlawt(b, turn, tc_smlawb(a, turn, (x[0] + u[0]) >> 1));
            const int32_t i = tc_smlawb(b, turn, (x[1] - u[1]) >> 1) - tc_smulwt(a, turn);
            const uint32_t factor = (uint16_t)*rising++;
            whole += (int64_t)r * r;
            whole += (int64_t)i * i;
            risen += (int64_t)tc_smulwb(r, factor) * r;
            risen += (int64_t)tc_smulwb(i, factor) * i;
        }
        const int64_t falls = whole - 2 * risen;
        if (band > 0) {
            logs[band - 1] = tc_sound_log(p, (uint64_t)(before + (falls > 0 ? falls : 0)) + floor, left);
        }
        before = 2 * risen;
    }
}

/* A feature: the logarithm itself, or a sum of cosines of all of them. */
static TC_INLINE int32_t tc_sound_feature(const tc_sound_params *p, const int16_t *logs, int32_t index) {
    if (p->coefficients == 0) {
        return logs[index];
    }
    const int32_t width = (p->bands + 1) & ~1;
    const int16_t *row = p->cosines + index * width;
    int32_t sum = ((int32_t)1 << p->cosine_bits) >> 1;
    for (int32_t band = 0; band < width; band += 2) {
        sum = tc_smlad(tc_load32(row + band), tc_load32(logs + band), sum);
    }
    return sum >> p->cosine_bits;
}

#endif

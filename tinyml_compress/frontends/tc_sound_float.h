/* The front end of a sound in floats of 32 bits, stage by stage, for cores that have them: within a step of an int8
 * input of what tc_sound.h gives. No function of a library of mathematics is called. */
#ifndef TC_SOUND_FLOAT_H
#define TC_SOUND_FLOAT_H

#include "tc_base.h"

#if (defined(__arm__) && !defined(__ARM_FP)) || (defined(__riscv) && !defined(__riscv_flen))
#error "this front end computes in floats, and the core has none: generate it without --frontend float"
#endif

typedef struct {
    int32_t window;
    int32_t log_points; /* of the complex transform, half as long as the real one */
    int32_t bands;
    int32_t coefficients; /* 0: the logarithms are the features */
    int32_t remove_dc;
    float emphasis;
    float floor;
    const float *hann;   /* of samples between -1 and 1 */
    const float *circle; /* cosines and sines */
    const int32_t *starts;
    const float *rising;
    const float *cosines;
} tc_float_sound_params;

typedef struct {
    int32_t slices; /* of the last axis that have a multiplier each; 1: one for all */
    float low;
    float high;
    const float *multipliers;
    const float *offsets; /* the zero point is in them */
} tc_float_input_params;

/* The place behind `place` in the order of reversed bits. */
static TC_INLINE uint32_t tc_float_next(uint32_t place, uint32_t half) {
    while ((place & half) != 0u) {
        place ^= half;
        half >>= 1;
    }
    return place | half;
}

/* The frame, cleaned as it is told, under its window: two samples are one complex number, in the order that the
 * transform wants. */
static TC_INLINE void tc_float_window(const tc_float_sound_params *p, const int16_t *samples, float *points) {
    const int32_t count = (int32_t)1 << p->log_points;
    float mean = 0.0f;
    if (p->remove_dc != 0) {
        int32_t sum = 0;
        for (int32_t i = 0; i < p->window; ++i) {
            sum += samples[i];
        }
        mean = (float)sum / (float)p->window;
    }
    float before = (float)samples[0] - mean;
    uint32_t place = 0;
    for (int32_t i = 0; i < count; ++i, place = tc_float_next(place, (uint32_t)count / 2u)) {
        for (int32_t side = 0; side < 2; ++side) {
            float point = 0.0f;
            if (2 * i + side < p->window) {
                const float now = (float)samples[2 * i + side] - mean;
                point = (now - p->emphasis * before) * p->hann[2 * i + side];
                before = now;
            }
            points[2 * place + (uint32_t)side] = point;
        }
    }
}

typedef struct {
    float r;
    float i;
} tc_float_complex;

/* A number times its point of the circle, clockwise. */
static TC_INLINE tc_float_complex tc_float_turned(const float *x, const float *turn) {
    const tc_float_complex turned = {x[0] * turn[0] + x[1] * turn[1], x[1] * turn[0] - x[0] * turn[1]};
    return turned;
}

static TC_INLINE tc_float_complex tc_float_plain(const float *x) {
    const tc_float_complex plain = {x[0], x[1]};
    return plain;
}

/* Four numbers become four; in the order of reversed bits they are those of the parts 0, 2, 1, 3. */
static TC_INLINE void tc_float_four(float *x, int32_t words, tc_float_complex a, tc_float_complex b, tc_float_complex c,
                                    tc_float_complex d) {
    const tc_float_complex near = {a.r + c.r, a.i + c.i};
    const tc_float_complex far = {a.r - c.r, a.i - c.i};
    const tc_float_complex side = {b.r + d.r, b.i + d.i};
    const tc_float_complex across = {b.r - d.r, b.i - d.i};
    x[0] = near.r + side.r;
    x[1] = near.i + side.i;
    x[words] = far.r + across.i;
    x[words + 1] = far.i - across.r;
    x[2 * words] = near.r - side.r;
    x[2 * words + 1] = near.i - side.i;
    x[3 * words] = far.r - across.i;
    x[3 * words + 1] = far.i + across.r;
}

/* One stage: parts of `span` numbers become parts of four times as many. */
static TC_INLINE void tc_float_stage(const tc_float_sound_params *p, float *points, int32_t span) {
    const int32_t count = (int32_t)1 << p->log_points;
    const int32_t step = count / (2 * span);
    const int32_t words = 2 * span;
    float *const end = points + 2 * count;
    for (float *x = points; x < end; x += 4 * words) {
        tc_float_four(x, words, tc_float_plain(x), tc_float_plain(x + 2 * words), tc_float_plain(x + words),
                      tc_float_plain(x + 3 * words));
    }
    for (int32_t k = 1; k < span; ++k) {
        const float *const once = p->circle + 2 * k * step;
        const float *const twice = once + 2 * k * step;
        const float *const thrice = twice + 2 * k * step;
        for (float *x = points + 2 * k; x < end; x += 4 * words) {
            tc_float_four(x, words, tc_float_plain(x), tc_float_turned(x + 2 * words, once),
                          tc_float_turned(x + words, twice), tc_float_turned(x + 3 * words, thrice));
        }
    }
}

static TC_INLINE void tc_float_transform(const tc_float_sound_params *p, float *points) {
    const int32_t count = (int32_t)1 << p->log_points;
    int32_t span = 1;
    if (p->log_points % 2 != 0) { /* the first stage of pairs, the others of fours */
        for (float *x = points; x < points + 2 * count; x += 4) {
            const tc_float_complex a = tc_float_plain(x);
            const tc_float_complex b = tc_float_plain(x + 2);
            x[0] = a.r + b.r;
            x[1] = a.i + b.i;
            x[2] = a.r - b.r;
            x[3] = a.i - b.i;
        }
        span = 2;
    }
    for (; span < count; span *= 4) {
        tc_float_stage(p, points, span);
    }
}

/* The natural logarithm of a normal number: m times a power of two, m near 1, and a series for m. */
static TC_INLINE float tc_float_log(float value) {
    uint32_t bits;
    TC_MEMCPY(&bits, &value, sizeof bits);
    const uint32_t above = bits - 0x3f3504f3u; /* from the root of a half on */
    const int32_t power = (int32_t)(above + 0x3f800000u) / (1 << 23) - 127;
    bits = (above & 0x7fffffu) + 0x3f3504f3u;
    float m;
    TC_MEMCPY(&m, &bits, sizeof m);
    const float s = (m - 1.0f) / (m + 1.0f);
    const float z = s * s;
    const float series = 1.0f + z * (1.0f / 3.0f + z * (0.2f + z * (1.0f / 7.0f + z * (1.0f / 9.0f))));
    return (float)power * 0.69314718f + 2.0f * s * series;
}

/* The logarithms of the bands' energies, from the transform of the frame: the bins between two edges belong to the band
 * that rises there and to the one that falls. */
static TC_INLINE void tc_float_bands(const tc_float_sound_params *p, const float *points, float *logs) {
    const int32_t count = (int32_t)1 << p->log_points;
    const float *rising = p->rising;
    float before = 0.0f;
    int32_t k = p->starts[0];
    for (int32_t band = 0; band <= p->bands; ++band) {
        float falls = 0.0f;
        float risen = 0.0f;
        for (; k < p->starts[band + 1]; ++k) {
            const float *const x = points + 2 * k;
            const float *const u = points + 2 * (count - k);
            const float *const turn = p->circle + 2 * k;
            const float a = x[1] + u[1];
            const float b = u[0] - x[0];
            const float r = 0.5f * (x[0] + u[0] + a * turn[0] + b * turn[1]);
            const float i = 0.5f * (x[1] - u[1] + b * turn[0] - a * turn[1]);
            const float energy = r * r + i * i;
            const float part = *rising++ * energy;
            risen += part;
            falls += energy - part;
        }
        if (band > 0) {
            logs[band - 1] = tc_float_log(before + falls + p->floor);
        }
        before = risen;
    }
}

/* A feature: the logarithm itself, or a sum of cosines of all of them. */
static TC_INLINE float tc_float_feature(const tc_float_sound_params *p, const float *logs, int32_t index) {
    if (p->coefficients == 0) {
        return logs[index];
    }
    const float *const row = p->cosines + index * p->bands;
    float sum = 0.0f;
    for (int32_t band = 0; band < p->bands; ++band) {
        sum += row[band] * logs[band];
    }
    return sum;
}

/* The stored value that is nearest to a feature's input, ties away from zero. */
static TC_INLINE int32_t tc_float_stored(const tc_float_input_params *p, float feature, int32_t index) {
    const int32_t slice = p->slices == 1 ? 0 : index;
    const float steps = feature * p->multipliers[slice] + p->offsets[slice];
    const float cut = steps < p->low ? p->low : (steps > p->high ? p->high : steps);
    return (int32_t)(cut < 0.0f ? cut - 0.5f : cut + 0.5f);
}

#endif

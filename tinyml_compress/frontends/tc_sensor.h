/* Statistics of a window of one axis, whose numbers lie `axes` places apart, in counts with 10 bits behind the point.
 * frontends/sensor.py says the same in Python, bit for bit. */
#ifndef TC_SENSOR_H
#define TC_SENSOR_H

#include "tc_sound.h"

#define TC_SENSOR_FRACTION 10

typedef struct {
    const int16_t *samples;
    int32_t axes;
    int32_t window;
    int32_t sum;
    int32_t low;
    int32_t high;
    uint64_t squares;
} tc_sensor_axis;

static TC_INLINE tc_sensor_axis tc_sensor_summed(const int16_t *samples, int32_t axes, int32_t window) {
    tc_sensor_axis axis = {samples, axes, window, 0, INT16_MAX, INT16_MIN, 0};
    for (int32_t i = 0; i < window; ++i) {
        const int32_t x = samples[i * axes];
        axis.sum += x;
        axis.squares += (uint32_t)(x * x);
        axis.low = x < axis.low ? x : axis.low;
        axis.high = x > axis.high ? x : axis.high;
    }
    return axis;
}

/* Rounded down, digit by digit. */
static TC_INLINE int32_t tc_sensor_root(uint64_t x) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 62; bit != 0u; bit >>= 2) {
        const uint64_t with = root + bit;
        root >>= 1;
        if (x >= with) {
            x -= with;
            root += bit;
        }
    }
    return (int32_t)root;
}

static TC_INLINE int32_t tc_sensor_mean(const tc_sensor_axis *axis) {
    const int64_t sum = (int64_t)axis->sum * (1 << TC_SENSOR_FRACTION) + axis->window / 2;
    const int64_t quotient = sum / axis->window;
    return (int32_t)(quotient - (sum % axis->window < 0 ? 1 : 0));
}

static TC_INLINE int32_t tc_sensor_std(const tc_sensor_axis *axis) {
    const uint64_t window = (uint64_t)axis->window;
    const uint64_t spread = window * axis->squares - (uint64_t)((int64_t)axis->sum * axis->sum);
    /* in two steps, so that all of it keeps below 2^63 */
    return tc_sensor_root((((spread << 8) / window) << (2 * TC_SENSOR_FRACTION - 8)) / window);
}

static TC_INLINE int32_t tc_sensor_rms(const tc_sensor_axis *axis) {
    return tc_sensor_root((axis->squares << 2 * TC_SENSOR_FRACTION) / (uint64_t)axis->window);
}

/* How often the axis goes from one side of its mean to the other. */
static TC_INLINE int32_t tc_sensor_crossings(const tc_sensor_axis *axis) {
    int32_t crossings = 0;
    int32_t before = axis->samples[0] * axis->window > axis->sum;
    for (int32_t i = 1; i < axis->window; ++i) {
        const int32_t above = axis->samples[i * axis->axes] * axis->window > axis->sum;
        crossings += above != before;
        before = above;
    }
    return crossings * (1 << TC_SENSOR_FRACTION);
}

static TC_INLINE int32_t tc_sensor_range(const tc_sensor_axis *axis) {
    return (axis->high - axis->low) * (1 << TC_SENSOR_FRACTION);
}

#endif

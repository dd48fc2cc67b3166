/* Helium: sums of lanes divided by one number, ties away from zero. */
#ifndef TC_MVE_MEAN_H
#define TC_MVE_MEAN_H

#include "tc_mve.h"

/* Magnitudes divided by a count, rounded: by 2^31 / count, rounded up, which is exact as long as the product of
 * magnitude and count is below 2^31. */
static TC_INLINE int32x4_t tc_mve_divided(int32x4_t magnitudes, int32_t count) {
    const uint32x4_t twice = vreinterpretq_u32_s32(vshlq_n_s32(vaddq_n_s32(magnitudes, count / 2), 1));
    return vreinterpretq_s32_u32(vmulhq_u32(twice, vdupq_n_u32(0x7fffffffu / (uint32_t)count + 1u)));
}

/* `most` is the largest count for which that holds. */
static TC_INLINE int32x4_t tc_mve_mean(int32x4_t sums, int32_t count, int32_t most) {
    if (count <= most) {
        const int32x4_t means = tc_mve_divided(vabsq_s32(sums), count);
        return vnegq_m_s32(means, means, vcmpltq_n_s32(sums, 0));
    }
    int32_t lanes[4];
    vstrwq_s32(lanes, sums);
    for (int i = 0; i < 4; i++) {
        const int32_t half = lanes[i] > 0 ? count / 2 : -(count / 2);
        lanes[i] = (lanes[i] + half) / count;
    }
    return vldrwq_s32(lanes);
}

static TC_INLINE int16x8_t tc_mve_mean_of_8(int16x8_t sums, int32_t count, int32_t low, int32_t high) {
    const int16x8_t sizes = vabsq_s16(sums);
    const int32x4_t even = tc_mve_divided(vmovlbq_s16(sizes), count);
    const int32x4_t odd = tc_mve_divided(vmovltq_s16(sizes), count);
    const int16x8_t means = vmovntq_s32(vreinterpretq_s16_s32(even), odd);
    const int16x8_t signed_means = vnegq_m_s16(means, means, vcmpltq_n_s16(sums, 0));
    return vminq_s16(vmaxq_s16(signed_means, vdupq_n_s16((int16_t)low)), vdupq_n_s16((int16_t)high));
}

#endif

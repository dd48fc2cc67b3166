/* Sum or mean, brought to the output's quantization. Outputs whose inputs lie side by side are made eight at a time,
 * and so are sums over inputs that do. */
#include "tc_mve.h"
#include "tc_walk.h"

/* Of eight outputs: the even ones, and the odd ones. */
typedef struct {
    int32x4_t even;
    int32x4_t odd;
} tc_sum_of_8;

static TC_NOINLINE tc_sum_of_8 tc_sum_lanes(const int8_t *in, const int32_t *table, mve_pred16_t on) {
    const int32_t step = table[2];
    tc_sum_of_8 sums = {vdupq_n_s32(0), vdupq_n_s32(0)};
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *from = in + walk.offset[0];
        for (int32_t left = table[1]; left > 0; left -= 255) { /* so many fit into 16 bits */
            int16x8_t some = vdupq_n_s16(0);
            for (int32_t i = left < 255 ? left : 255; i > 0; i--, from += step) {
                some = vaddq_s16(some, vldrbq_z_s16(from, on));
            }
            sums.even = vaddq_s32(sums.even, vmovlbq_s16(some));
            sums.odd = vaddq_s32(sums.odd, vmovltq_s16(some));
        }
    } while (tc_walk_next(&walk, table, 1));
    return sums;
}

static TC_NOINLINE int32_t tc_sum_row(const int8_t *in, const int32_t *table) {
    const int32_t step = table[2];
    int32_t sum = 0;
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *from = in + walk.offset[0];
        int32_t left = table[1];
        if (step == 1) {
            for (; left > 0; left -= 16, from += 16) {
                const mve_pred16_t on = vctp8q((uint32_t)left);
                sum = vaddvaq_p_s8(sum, vldrbq_z_s8(from, on), on);
            }
        }
        for (; left > 0; left--, from += step) {
            sum += *from;
        }
    } while (tc_walk_next(&walk, table, 1));
    return sum;
}

static TC_INLINE int32x4_t tc_sum_finish(const tc_sum_params *p, int32x4_t sums) {
    const int32x4_t scaled = tc_requantize_lanes(vaddq_n_s32(sums, p->bias), p->multiplier, p->shift);
    return tc_mve_bounded(vaddq_n_s32(scaled, p->zero_point), -128, 127);
}

TC_KERNEL void tc_s8_sum_rescale__mve(const tc_sum_params *p, const int8_t *in, int8_t *out) {
    const int32_t step = p->kept[2];
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *from = in + walk.offset[0];
        int32_t left = p->kept[1];
        if (step == 1) {
            for (; left > 0; left -= 8, from += 8) {
                const mve_pred16_t on = vctp16q((uint32_t)left);
                const tc_sum_of_8 sums = tc_sum_lanes(from, p->reduced, on);
                const int16x8_t even = vreinterpretq_s16_s32(tc_sum_finish(p, sums.even));
                vstrbq_p_s16(out, vmovntq_s32(even, tc_sum_finish(p, sums.odd)), on);
                out += left < 8 ? left : 8;
            }
        }
        for (; left > 0; left--, from += step) {
            const int32_t sum = tc_sum_row(from, p->reduced) + p->bias;
            *out++ = (int8_t)tc_clamp(tc_requantize(sum, p->multiplier, p->shift) + p->zero_point, -128, 127);
        }
    } while (tc_walk_next(&walk, p->kept, 1));
}

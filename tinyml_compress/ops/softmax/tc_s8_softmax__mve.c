/* Softmax over the last axis, int8 to int8, four values at a time; exponentials by gathering loads. Output may lie over
 * input. */
#include "tc_mve.h"
#include "tc_softmax.h"

static TC_INLINE int32_t tc_softmax_most(const int8_t *in, int32_t count) {
    int8_t most = -128;
    for (; count > 0; count -= 16, in += 16) {
        const mve_pred16_t on = vctp8q((uint32_t)count);
        most = vmaxvq_p_s8(most, vldrbq_z_s8(in, on), on);
    }
    return most;
}

/* The exponentials of four values; 0 where there are none. */
static TC_INLINE int32x4_t tc_softmax_exponentials(const tc_s8_softmax *p, const int8_t *in, int32_t most,
                                                   mve_pred16_t on) {
    const int32x4_t values = vldrbq_z_s32(in, on);
    const int32x4_t away = vsubq_s32(vdupq_n_s32(most), values);
    const mve_pred16_t known = vcmpltq_m_n_s32(away, p->entries, on);
    return vldrwq_gather_shifted_offset_z_s32(p->exponentials, vreinterpretq_u32_s32(away), known);
}

TC_KERNEL void tc_s8_softmax__mve(const tc_s8_softmax *p, const int8_t *in, int8_t *out) {
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        const int32_t most = tc_softmax_most(in, p->depth);
        int32_t sum = 0;
        for (int32_t i = 0; i < p->depth; i += 4) {
            const mve_pred16_t on = vctp32q((uint32_t)(p->depth - i));
            sum = vaddvaq_s32(sum, vrshrq_n_s32(tc_softmax_exponentials(p, in + i, most, on), 12));
        }
        int32_t bits;
        const int32_t scale = tc_softmax_reciprocal(sum, &bits);
        const int32_t exponent = bits + 31 - 8;
        if (exponent > 31) { /* a sum of 512 or more leaves nothing but zeros */
            TC_MEMSET(out, -128, (size_t)p->depth);
            continue;
        }
        for (int32_t i = 0; i < p->depth; i += 4) {
            const mve_pred16_t on = vctp32q((uint32_t)(p->depth - i));
            const int32x4_t value = vqrdmulhq_n_s32(tc_softmax_exponentials(p, in + i, most, on), scale);
            const int32x4_t scaled = vaddq_n_s32(vrshlq_n_s32(value, -exponent), -128);
            vstrbq_p_s32(out + i, vminq_s32(scaled, vdupq_n_s32(127)), on);
        }
    }
}

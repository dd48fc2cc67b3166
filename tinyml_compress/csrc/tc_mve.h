/* Helium: what its kernels share. */
#ifndef TC_MVE_H
#define TC_MVE_H

#include "tc_mve_lanes.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

/* Where the loops are written that compilers do not find. */
#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)
#define TC_MVE_ASM 1
#else
#define TC_MVE_ASM 0
#endif

/* A predicate round a loop that is not over its lanes. Clang computes one of VCTP anew in such a loop where it needs
 * the register, and then takes the loop for one over the lanes: only as many rounds are left as these need. */
static TC_INLINE mve_pred16_t tc_mve_kept(mve_pred16_t on) {
#if TC_MVE_ASM
    __asm__("" : "+r"(on));
#endif
    return on;
}

/* Four numbers as a vector. */
static TC_INLINE int32x4_t tc_mve_four(int32_t a, int32_t b, int32_t c, int32_t d) {
#if defined(__ARM_FEATURE_MVE)
    const int32x4_t four = {a, b, c, d};
#else
    const int32x4_t four = {{a, b, c, d}};
#endif
    return four;
}

/* tc_requantize of four lanes with one multiplier. VQRDMULH is tc_high_mul. VRSHL takes ties toward +infinity: one
 * less, where a negative number is shifted at all, takes its ties away from zero, and is no tie elsewhere. It saturates
 * at INT32_MIN, which is none. */
static TC_INLINE int32x4_t tc_requantize_lanes(int32x4_t x, int32_t multiplier, int shift) {
    const int32x4_t product = vqrdmulhq_n_s32(shift > 0 ? vshlq_r_s32(x, shift) : x, multiplier);
    if (shift >= 0) {
        return product;
    }
    return vrshlq_n_s32(vqaddq_s32(product, vshrq_n_s32(product, 31)), shift);
}

/* The same with a multiplier and shifts of each lane: `left` is not negative, `right` not positive. */
static TC_INLINE int32x4_t tc_requantize_channels(int32x4_t x, int32x4_t multiplier, int32x4_t left, int32x4_t right) {
    const int32x4_t product = vqrdmulhq_s32(vshlq_s32(x, left), multiplier);
    return vrshlq_s32(vqaddq_s32(product, vshrq_n_s32(vandq_s32(product, right), 31)), right);
}

/* The same with shifts of at least 1 to the right, which are negative. */
static TC_INLINE int32x4_t tc_requantize_right(int32x4_t x, int32x4_t multiplier, int32x4_t right) {
    const int32x4_t product = vqrdmulhq_s32(x, multiplier);
    return vrshlq_s32(vqaddq_s32(product, vshrq_n_s32(product, 31)), right);
}

static TC_INLINE int32x4_t tc_mve_bounded(int32x4_t x, int32_t low, int32_t high) {
    return vminq_s32(vmaxq_s32(x, vdupq_n_s32(low)), vdupq_n_s32(high));
}

/* A multiplier with its shifts, in lanes. */
typedef struct {
    int32x4_t multiplier;
    int32x4_t left;
    int32x4_t right;
} tc_mve_factor;

static TC_INLINE tc_mve_factor tc_mve_factor_of(int32_t multiplier, int32_t shift) {
    const tc_mve_factor factor = {vdupq_n_s32(multiplier), vdupq_n_s32(shift > 0 ? shift : 0),
                                  vdupq_n_s32(shift > 0 ? 0 : shift)};
    return factor;
}

static TC_INLINE int32x4_t tc_mve_times(int32x4_t x, tc_mve_factor factor) {
    return tc_requantize_channels(x, factor.multiplier, factor.left, factor.right);
}

#endif

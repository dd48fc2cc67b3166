/* Helium: products of rows of int16 by int8 whose sums 32 bits hold, and their ends. Rows are whole vectors long: what
 * is behind a row's values is multiplied by weights of 0. */
#ifndef TC_MVE_WIDE_PRODUCTS_H
#define TC_MVE_WIDE_PRODUCTS_H

#include "tc_mve_products.h"
#include "tc_mve_wide.h"

#if TC_MVE_ASM
#define TC_MVE_WIDE_FIRST(sum, a, b) "vmladav.s16 %[" #sum "], " a ", " b "\n\t"
#define TC_MVE_WIDE_NEXT(sum, a, b) "vmladava.s16 %[" #sum "], " a ", " b "\n\t"
#define TC_MVE_HALVES(vector, from) "vldrh.u16 " vector ", " from "\n\t"
#define TC_MVE_WIDENED(vector, from) "vldrb.s16 " vector ", " from "\n\t"
#define TC_MVE_WIDE_PAIR(MAC)                   \
    TC_MVE_HALVES(TC_MVE_X, "[%[in]], #16")     \
    TC_MVE_WIDENED("q2", "[%[w]], #32")         \
    MAC(a, TC_MVE_X, "q2")                      \
    TC_MVE_HALVES(TC_MVE_Y, "[%[second]], #16") \
    MAC(e, TC_MVE_Y, "q2")                      \
    TC_MVE_WIDENED("q3", "[%[w], #-24]")        \
    MAC(b, TC_MVE_X, "q3")                      \
    MAC(f, TC_MVE_Y, "q3")                      \
    TC_MVE_WIDENED("q2", "[%[w], #-16]")        \
    MAC(c, TC_MVE_X, "q2")                      \
    MAC(g, TC_MVE_Y, "q2")                      \
    TC_MVE_WIDENED("q3", "[%[w], #-8]")         \
    MAC(d, TC_MVE_X, "q3")                      \
    MAC(h, TC_MVE_Y, "q3")
#endif

/* Two rows of `steps` vectors by four of weights, of which lie side by side eight values each, and which are left
 * behind. */
static TC_INLINE tc_mve_sums tc_mve_wide_two_by_four(const int16_t *in, const int16_t *second, const int8_t **weights,
                                                     int32_t steps) {
    tc_mve_sums sums;
    const int8_t *w = *weights;
    int32_t a, b, c, d, e, f, g, h;
#if TC_MVE_ASM
    __asm__(TC_MVE_STEPS(TC_MVE_WIDE_PAIR, TC_MVE_WIDE_FIRST, TC_MVE_WIDE_NEXT)
            : TC_MVE_SUMS, [in] "+r"(in), [second] "+r"(second), [w] "+l"(w), [steps] "+r"(steps)
            :
            : "q2", "q3", "cc", "memory");
#else
    a = b = c = d = e = f = g = h = 0;
    for (; steps > 0; steps--, in += 8, second += 8, w += 32) {
        const int16x8_t x = vldrhq_s16(in);
        const int16x8_t y = vldrhq_s16(second);
        a = vmladavaq_s16(a, x, vldrbq_s16(w));
        b = vmladavaq_s16(b, x, vldrbq_s16(w + 8));
        c = vmladavaq_s16(c, x, vldrbq_s16(w + 16));
        d = vmladavaq_s16(d, x, vldrbq_s16(w + 24));
        e = vmladavaq_s16(e, y, vldrbq_s16(w));
        f = vmladavaq_s16(f, y, vldrbq_s16(w + 8));
        g = vmladavaq_s16(g, y, vldrbq_s16(w + 16));
        h = vmladavaq_s16(h, y, vldrbq_s16(w + 24));
    }
    sums.first = tc_mve_four(a, b, c, d);
    sums.second = tc_mve_four(e, f, g, h);
#endif
    *weights = w;
    return sums;
}

/* Four sums become outputs; `channels` is four biases, four multipliers of 16 bits in the upper halves, four shifts to
 * the right (negative) beyond 15, at least 1. What VQDMULH cuts off no later rounding asks for. */
static TC_INLINE int32x4_t tc_mve_wide_finish(int32x4_t sums, const int32_t *channels, int32x4_t low, int32x4_t high) {
    const int32x4_t product = vqdmulhq_s32(vaddq_s32(sums, vldrwq_s32(channels)), vldrwq_s32(channels + 4));
    return vminq_s32(vmaxq_s32(vrshlq_s32(product, vldrwq_s32(channels + 8)), low), high);
}

#endif

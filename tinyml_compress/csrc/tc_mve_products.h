/* Helium: products of rows of bytes, and their ends. Rows are whole vectors long: what is behind a row's values is
 * multiplied by weights of 0. */
#ifndef TC_MVE_PRODUCTS_H
#define TC_MVE_PRODUCTS_H

#include "tc_mve.h"

typedef struct {
    int32x4_t first;
    int32x4_t second;
} tc_mve_sums;

/* VMLADAVA takes even registers alone, and compilers move sums from odd ones in the loop: so the loops are assembly. */
#if TC_MVE_ASM
#define TC_MVE_FIRST(sum, a, b) "vmladav.s8 %[" #sum "], " a ", " b "\n\t"
#define TC_MVE_NEXT(sum, a, b) "vmladava.s8 %[" #sum "], " a ", " b "\n\t"
#define TC_MVE_LOAD(vector, from) "vldrb.u8 " vector ", " from "\n\t"
#define TC_MVE_X "%q[x]"
#define TC_MVE_Y "%q[y]"
/* The steps behind the first one, two in a round: no register is left for a loop of the core's own. */
#define TC_MVE_STEPS(STEP, FIRST, NEXT)                                                              \
    STEP(FIRST)                                                                                      \
    "lsrs %[steps], %[steps], #1\n\t"                                                                \
    "bcs 3f\n\t" STEP(NEXT) "subs %[steps], #1\n"                                                    \
                            "3:\n\t"                                                                 \
                            "beq 2f\n"                                                               \
                            "1:\n\t" STEP(NEXT) STEP(NEXT) "subs %[steps], #1\n\t"                   \
                                                           "bne 1b\n"                                \
                                                           "2:\n\t"                                  \
                                                           "vmov %q[x][2], %q[x][0], %[a], %[c]\n\t" \
                                                           "vmov %q[x][3], %q[x][1], %[b], %[d]\n\t" \
                                                           "vmov %q[y][2], %q[y][0], %[e], %[g]\n\t" \
                                                           "vmov %q[y][3], %q[y][1], %[f], %[h]"
#define TC_MVE_SUMS                                                                                            \
    [x] "=&w"(sums.first), [y] "=&w"(sums.second), [a] "=&Te"(a), [b] "=&Te"(b), [c] "=&Te"(c), [d] "=&Te"(d), \
        [e] "=&Te"(e), [f] "=&Te"(f), [g] "=&Te"(g), [h] "=&Te"(h)
#define TC_MVE_PAIR(MAC)                      \
    TC_MVE_LOAD(TC_MVE_X, "[%[in]], #16")     \
    TC_MVE_LOAD("q2", "[%[w]], #64")          \
    MAC(a, TC_MVE_X, "q2")                    \
    TC_MVE_LOAD(TC_MVE_Y, "[%[second]], #16") \
    MAC(e, TC_MVE_Y, "q2")                    \
    TC_MVE_LOAD("q3", "[%[w], #-48]")         \
    MAC(b, TC_MVE_X, "q3")                    \
    MAC(f, TC_MVE_Y, "q3")                    \
    TC_MVE_LOAD("q2", "[%[w], #-32]")         \
    MAC(c, TC_MVE_X, "q2")                    \
    MAC(g, TC_MVE_Y, "q2")                    \
    TC_MVE_LOAD("q3", "[%[w], #-16]")         \
    MAC(d, TC_MVE_X, "q3")                    \
    MAC(h, TC_MVE_Y, "q3")
#define TC_MVE_ROWS(MAC)                  \
    TC_MVE_LOAD(TC_MVE_X, "[%[in]], #16") \
    TC_MVE_LOAD(TC_MVE_Y, "[%[w]], #64")  \
    MAC(a, TC_MVE_X, TC_MVE_Y)            \
    TC_MVE_LOAD("q2", "[%[w], #-48]")     \
    MAC(b, TC_MVE_X, "q2")                \
    TC_MVE_LOAD(TC_MVE_Y, "[%[w], #-32]") \
    MAC(c, TC_MVE_X, TC_MVE_Y)            \
    TC_MVE_LOAD("q2", "[%[w], #-16]")     \
    MAC(d, TC_MVE_X, "q2")                \
    TC_MVE_LOAD(TC_MVE_Y, "[%[w]], #64")  \
    MAC(e, TC_MVE_X, TC_MVE_Y)            \
    TC_MVE_LOAD("q2", "[%[w], #-48]")     \
    MAC(f, TC_MVE_X, "q2")                \
    TC_MVE_LOAD(TC_MVE_Y, "[%[w], #-32]") \
    MAC(g, TC_MVE_X, TC_MVE_Y)            \
    TC_MVE_LOAD("q2", "[%[w], #-16]")     \
    MAC(h, TC_MVE_X, "q2")
#endif

/* Two rows of `steps` vectors by four of weights, of which lie side by side one vector each, and which are left
 * behind. */
static TC_INLINE tc_mve_sums tc_mve_two_by_four(const int8_t *in, const int8_t *second, const int8_t **weights,
                                                int32_t steps) {
    tc_mve_sums sums;
    const int8_t *w = *weights;
    int32_t a, b, c, d, e, f, g, h;
#if TC_MVE_ASM
    __asm__(TC_MVE_STEPS(TC_MVE_PAIR, TC_MVE_FIRST, TC_MVE_NEXT)
            : TC_MVE_SUMS, [in] "+r"(in), [second] "+r"(second), [w] "+r"(w), [steps] "+r"(steps)
            :
            : "q2", "q3", "cc", "memory");
#else
    a = b = c = d = e = f = g = h = 0;
    for (; steps > 0; steps--, in += 16, second += 16, w += 64) {
        const int8x16_t x = vldrbq_s8(in);
        const int8x16_t y = vldrbq_s8(second);
        a = vmladavaq_s8(a, x, vldrbq_s8(w));
        b = vmladavaq_s8(b, x, vldrbq_s8(w + 16));
        c = vmladavaq_s8(c, x, vldrbq_s8(w + 32));
        d = vmladavaq_s8(d, x, vldrbq_s8(w + 48));
        e = vmladavaq_s8(e, y, vldrbq_s8(w));
        f = vmladavaq_s8(f, y, vldrbq_s8(w + 16));
        g = vmladavaq_s8(g, y, vldrbq_s8(w + 32));
        h = vmladavaq_s8(h, y, vldrbq_s8(w + 48));
    }
    sums.first = tc_mve_four(a, b, c, d);
    sums.second = tc_mve_four(e, f, g, h);
#endif
    *weights = w;
    return sums;
}

/* One row of `steps` vectors by eight of weights, of which lie side by side one vector each. */
static TC_INLINE tc_mve_sums tc_mve_eight(const int8_t *in, const int8_t *w, int32_t steps) {
    tc_mve_sums sums;
    int32_t a, b, c, d, e, f, g, h;
#if TC_MVE_ASM
    __asm__(TC_MVE_STEPS(TC_MVE_ROWS, TC_MVE_FIRST, TC_MVE_NEXT)
            : TC_MVE_SUMS, [in] "+r"(in), [w] "+r"(w), [steps] "+r"(steps)
            :
            : "q2", "cc", "memory");
#else
    a = b = c = d = e = f = g = h = 0;
    for (; steps > 0; steps--, in += 16, w += 128) {
        const int8x16_t x = vldrbq_s8(in);
        a = vmladavaq_s8(a, x, vldrbq_s8(w));
        b = vmladavaq_s8(b, x, vldrbq_s8(w + 16));
        c = vmladavaq_s8(c, x, vldrbq_s8(w + 32));
        d = vmladavaq_s8(d, x, vldrbq_s8(w + 48));
        e = vmladavaq_s8(e, x, vldrbq_s8(w + 64));
        f = vmladavaq_s8(f, x, vldrbq_s8(w + 80));
        g = vmladavaq_s8(g, x, vldrbq_s8(w + 96));
        h = vmladavaq_s8(h, x, vldrbq_s8(w + 112));
    }
    sums.first = tc_mve_four(a, b, c, d);
    sums.second = tc_mve_four(e, f, g, h);
#endif
    return sums;
}

/* One row by four of weights. */
static TC_INLINE int32x4_t tc_mve_one_by_four(const int8_t *in, const int8_t *w, int32_t steps) {
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (; steps > 0; steps--, in += 16, w += 64) {
        const int8x16_t x = vldrbq_s8(in);
        a = vmladavaq_s8(a, x, vldrbq_s8(w));
        b = vmladavaq_s8(b, x, vldrbq_s8(w + 16));
        c = vmladavaq_s8(c, x, vldrbq_s8(w + 32));
        d = vmladavaq_s8(d, x, vldrbq_s8(w + 48));
    }
    return tc_mve_four(a, b, c, d);
}

/* Four sums become outputs; `channels` is four biases, four multipliers, four shifts, none of which is to the left. */
static TC_INLINE int32x4_t tc_mve_finish(int32x4_t sums, const int32_t *channels, int32_t zero, int32x4_t low,
                                         int32x4_t high) {
    const int32x4_t scaled =
        tc_requantize_right(vaddq_s32(sums, vldrwq_s32(channels)), vldrwq_s32(channels + 4), vldrwq_s32(channels + 8));
    return vminq_s32(vmaxq_s32(vaddq_n_s32(scaled, zero), low), high);
}

/* `count` bytes, and zeros to the end of the last vector. */
static TC_INLINE void tc_mve_copy_row(int8_t *to, const int8_t *from, int32_t count) {
    for (; count > 0; count -= 16, to += 16, from += 16) {
        vstrbq_s8(to, vldrbq_z_s8(from, vctp8q((uint32_t)count)));
    }
}

#endif

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
#define TC_MVE_FIRST(sum, a, b) "vmladav.s8 %[" #sum "], " #a ", " #b "\n\t"
#define TC_MVE_NEXT(sum, a, b) "vmladava.s8 %[" #sum "], " #a ", " #b "\n\t"
#define TC_MVE_ROWS(MAC)                                                        \
    "vldrb.u8 q0, [%[in]], #16\n\t"                                             \
    "vldrb.u8 q1, [%[w]], #64\n\t"                                              \
    MAC(a, q0, q1)                                                              \
    "vldrb.u8 q2, [%[w], #-48]\n\t"                                             \
    MAC(b, q0, q2)                                                              \
    "vldrb.u8 q1, [%[w], #-32]\n\t"                                             \
    MAC(c, q0, q1)                                                              \
    "vldrb.u8 q2, [%[w], #-16]\n\t"                                             \
    MAC(d, q0, q2)                                                              \
    "vldrb.u8 q1, [%[w]], #64\n\t"                                              \
    MAC(e, q0, q1)                                                              \
    "vldrb.u8 q2, [%[w], #-48]\n\t"                                             \
    MAC(f, q0, q2)                                                              \
    "vldrb.u8 q1, [%[w], #-32]\n\t"                                             \
    MAC(g, q0, q1)                                                              \
    "vldrb.u8 q2, [%[w], #-16]\n\t"                                             \
    MAC(h, q0, q2)
#define TC_MVE_PAIR(MAC)                                                        \
    "vldrb.u8 q0, [%[in]], #16\n\t"                                             \
    "vldrb.u8 q2, [%[w]], #64\n\t"                                              \
    MAC(a, q0, q2)                                                              \
    "vldrb.u8 q1, [%[second]], #16\n\t"                                         \
    MAC(e, q1, q2)                                                              \
    "vldrb.u8 q3, [%[w], #-48]\n\t"                                             \
    MAC(b, q0, q3)                                                              \
    MAC(f, q1, q3)                                                              \
    "vldrb.u8 q2, [%[w], #-32]\n\t"                                             \
    MAC(c, q0, q2)                                                              \
    MAC(g, q1, q2)                                                              \
    "vldrb.u8 q3, [%[w], #-16]\n\t"                                             \
    MAC(d, q0, q3)                                                              \
    MAC(h, q1, q3)
#endif

/* Two rows of `steps` vectors by four of weights, of which lie side by side one vector each, and which are left
 * behind. */
static TC_INLINE tc_mve_sums tc_mve_two_by_four(const int8_t *in, const int8_t *second, const int8_t **weights,
                                                int32_t steps) {
    const int8_t *w = *weights;
    int32_t a, b, c, d, e, f, g, h;
#if TC_MVE_ASM
    __asm__(TC_MVE_PAIR(TC_MVE_FIRST)
            "subs %[steps], #1\n\t"
            "beq 2f\n"
            "1:\n\t" TC_MVE_PAIR(TC_MVE_NEXT)
            "subs %[steps], #1\n\t"
            "bne 1b\n"
            "2:"
            : [a] "=&Te"(a), [b] "=&Te"(b), [c] "=&Te"(c), [d] "=&Te"(d), [e] "=&Te"(e), [f] "=&Te"(f), [g] "=&Te"(g),
              [h] "=&Te"(h), [in] "+r"(in), [second] "+r"(second), [w] "+r"(w), [steps] "+r"(steps)
            :
            : "q0", "q1", "q2", "q3", "cc", "memory");
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
#endif
    *weights = w;
    const tc_mve_sums sums = {tc_mve_four(a, b, c, d), tc_mve_four(e, f, g, h)};
    return sums;
}

/* One row of `steps` vectors by eight of weights, of which lie side by side one vector each. */
static TC_INLINE tc_mve_sums tc_mve_eight(const int8_t *in, const int8_t *w, int32_t steps) {
    int32_t a, b, c, d, e, f, g, h;
#if TC_MVE_ASM
    __asm__(TC_MVE_ROWS(TC_MVE_FIRST)
            "subs %[steps], #1\n\t"
            "beq 2f\n"
            "1:\n\t" TC_MVE_ROWS(TC_MVE_NEXT)
            "subs %[steps], #1\n\t"
            "bne 1b\n"
            "2:"
            : [a] "=&Te"(a), [b] "=&Te"(b), [c] "=&Te"(c), [d] "=&Te"(d), [e] "=&Te"(e), [f] "=&Te"(f), [g] "=&Te"(g),
              [h] "=&Te"(h), [in] "+r"(in), [w] "+r"(w), [steps] "+l"(steps)
            :
            : "q0", "q1", "q2", "cc", "memory");
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
#endif
    const tc_mve_sums sums = {tc_mve_four(a, b, c, d), tc_mve_four(e, f, g, h)};
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
    const int32x4_t scaled = tc_requantize_right(vaddq_s32(sums, vldrwq_s32(channels)), vldrwq_s32(channels + 4),
                                                 vldrwq_s32(channels + 8));
    return vminq_s32(vmaxq_s32(vaddq_n_s32(scaled, zero), low), high);
}

/* `count` bytes, and zeros to the end of the last vector. */
static TC_INLINE void tc_mve_copy_row(int8_t *to, const int8_t *from, int32_t count) {
    for (; count > 0; count -= 16, to += 16, from += 16) {
        vstrbq_s8(to, vldrbq_z_s8(from, vctp8q((uint32_t)count)));
    }
}

#endif

/* Convolution in plain C: a window is copied into one row of bytes, which four output channels at a time read. Values
 * and weights are stored plus 128, so that the smallest cores load both in one instruction; with v = value + 128 and w
 * = weight + 128, sum(value * weight) = sum(v * w) - 128 * sum(v) - 128 * sum(weight): the last term is part of the
 * bias. Taps outside the image hold the zero point. Scratch: one window. Output may run over input that no later pixel
 * reads. Weights are per four channels the four weights of each value; the rest row by row. */
#include "tc_conv_window_row.h"

#if defined(__ARM_ARCH_6M__) && defined(__GNUC__)

#define TC_CONV_PRODUCT(at, sum) \
    "ldrb r7, [r1, #" at "]\n"   \
    "muls r7, r6, r7\n"          \
    "adds " sum ", " sum ", r7\n"
#define TC_CONV_FOUR(k, at0, at1, at2, at3)                                                                    \
    "ldrb r6, [r0, #" k "]\n" TC_CONV_PRODUCT(at0, "r2") TC_CONV_PRODUCT(at1, "r3") TC_CONV_PRODUCT(at2, "r4") \
        TC_CONV_PRODUCT(at3, "r5")

/* Four channels' sums for one row; returns the weights behind. By hand, because compilers find no room for four sums in
 * eight registers and keep some of them on the stack. */
static TC_NOINLINE __attribute__((naked)) const uint8_t *tc_conv_four(const uint8_t *v __attribute__((unused)),
                                                                      const uint8_t *w __attribute__((unused)),
                                                                      int32_t depth __attribute__((unused)),
                                                                      uint32_t sums[4] __attribute__((unused))) {
    __asm__ volatile(".syntax unified\n" /* GCC reads assembly for these cores in the old syntax */
                     "push {r2, r3, r4, r5, r6, r7, lr}\n"
                     "lsrs r7, r2, #3\n"
                     "lsls r7, r7, #3\n"
                     "adds r7, r0, r7\n"
                     "mov r12, r7\n"
                     "movs r2, #0\n"
                     "movs r3, #0\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "cmp r0, r12\n"
                     "beq 2f\n"
                     "1:\n" TC_CONV_FOUR("0", "0", "1", "2", "3") TC_CONV_FOUR("1", "4", "5", "6", "7")
                         TC_CONV_FOUR("2", "8", "9", "10", "11") TC_CONV_FOUR("3", "12", "13", "14", "15")
                             TC_CONV_FOUR("4", "16", "17", "18", "19") TC_CONV_FOUR("5", "20", "21", "22", "23")
                                 TC_CONV_FOUR("6", "24", "25", "26", "27")
                                     TC_CONV_FOUR("7", "28", "29", "30",
                                                  "31") "adds r0, r0, #8\n"
                                                        "adds r1, r1, #32\n"
                                                        "cmp r0, r12\n"
                                                        "bne 1b\n"
                                                        "2:\n"
                                                        "ldr r6, [sp]\n"
                                                        "movs r7, #7\n"
                                                        "ands r6, r6, r7\n"
                                                        "add r12, r12, r6\n"
                                                        "cmp r0, r12\n"
                                                        "beq 4f\n"
                                                        "3:\n" TC_CONV_FOUR("0", "0", "1", "2",
                                                                            "3") "adds r0, r0, #1\n"
                                                                                 "adds r1, r1, #4\n"
                                                                                 "cmp r0, r12\n"
                                                                                 "bne 3b\n"
                                                                                 "4:\n"
                                                                                 "ldr r6, [sp, #4]\n"
                                                                                 "stm r6!, {r2, r3, r4, r5}\n"
                                                                                 "movs r0, r1\n"
                                                                                 "pop {r2, r3, r4, r5, r6, r7, pc}\n");
}

#else

#define TC_CONV_FOUR(k)          \
    value = v[k];                \
    a += value * w[4 * (k)];     \
    b += value * w[4 * (k) + 1]; \
    c += value * w[4 * (k) + 2]; \
    d += value * w[4 * (k) + 3];

/* Four channels' sums for one row; returns the weights behind. */
static TC_NOINLINE const uint8_t *tc_conv_four(const uint8_t *v, const uint8_t *w, int32_t depth, uint32_t sums[4]) {
    const uint8_t *end = v + (depth - depth % 4);
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    uint32_t value;
    for (; v != end; v += 4, w += 16) {
        TC_CONV_FOUR(0)
        TC_CONV_FOUR(1)
        TC_CONV_FOUR(2)
        TC_CONV_FOUR(3)
    }
    for (end += depth % 4; v != end; v++, w += 4) {
        TC_CONV_FOUR(0)
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    return w;
}

#endif

TC_KERNEL void tc_s8_conv_2d_rows__c(const tc_s8_conv_rows *p, const int8_t *in, int8_t *out, void *scratch) {
    uint8_t *row = (uint8_t *)scratch;
    for (int32_t b = p->window.batch; b > 0; b--, in += p->window.in_h * p->window.in_w * p->window.in_c) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            for (int32_t x = 0; x < p->window.out_w; x++) {
                const uint32_t excess = tc_conv_window_row(p, in, y, x, row) << 7;
                const uint8_t *w = p->weights;
                const int32_t *channel = p->channels;
                int32_t left = p->window.out_c;
                for (; left >= 4; left -= 4) {
                    uint32_t sums[4];
                    w = tc_conv_four(row, w, p->depth, sums);
                    for (int i = 0; i < 4; i++, channel += 3) {
                        *out++ =
                            tc_s8_finish((int32_t)(sums[i] - excess), channel, p->out_zero, p->act_min, p->act_max);
                    }
                }
                for (; left > 0; left--, channel += 3) {
                    uint32_t sum = 0;
                    for (int32_t k = 0; k < p->depth; k++) {
                        sum += (uint32_t)row[k] * *w++;
                    }
                    *out++ = tc_s8_finish((int32_t)(sum - excess), channel, p->out_zero, p->act_min, p->act_max);
                }
            }
        }
    }
}

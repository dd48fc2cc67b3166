/* Convolution in plain C: the windows of two pixels are copied into rows of bytes, values plus 128, which eight output
 * channels at a time read; their weights lie as tc_halves.h says, channels come in eights. With v = value + 128,
 * sum(value * weight) = sum(v * weight) - 128 * sum(weight): the last term is part of the bias. Taps outside the image
 * hold the zero point. Scratch: two windows. Output may run over input that no later two pixels read. */
#include "tc_conv_window_row.h"
#include "tc_halves.h"

TC_HALVES(tc_conv_halves, uint8_t, "")

#if defined(__arm__)

/* Two rows one after the other: no room for so many sums. */
static TC_INLINE const uint8_t *tc_conv_two_halves(const uint8_t *v, const uint8_t *w, int32_t depth, int32_t *sums) {
    tc_conv_halves(v + depth, w, depth, sums + 8);
    return tc_conv_halves(v, w, depth, sums);
}

#else

#define TC_CONV_TWO_ONE(k, at)                                                    \
    weight = (k) % 2 ? w[8 * (at) + ((k) ^ 1)] : (int8_t)w[8 * (at) + ((k) ^ 1)]; \
    first##k += (uint32_t)(value * weight);                                       \
    second##k += (uint32_t)(other * weight);                                      \
    TC_HALVES_HOLD;
#define TC_CONV_TWO_VALUE(at) \
    value = v[at];            \
    other = u[at];            \
    TC_CONV_TWO_ONE(0, at)    \
    TC_CONV_TWO_ONE(1, at)    \
    TC_CONV_TWO_ONE(2, at)    \
    TC_CONV_TWO_ONE(3, at)    \
    TC_CONV_TWO_ONE(4, at)    \
    TC_CONV_TWO_ONE(5, at)    \
    TC_CONV_TWO_ONE(6, at)    \
    TC_CONV_TWO_ONE(7, at)

/* Two rows at once, where registers hold sixteen sums. */
static TC_NOINLINE const uint8_t *tc_conv_two_halves(const uint8_t *v, const uint8_t *w, int32_t depth, int32_t *sums) {
    uint32_t first0 = 0, first1 = 0, first2 = 0, first3 = 0, first4 = 0, first5 = 0, first6 = 0, first7 = 0;
    uint32_t second0 = 0, second1 = 0, second2 = 0, second3 = 0, second4 = 0, second5 = 0, second6 = 0, second7 = 0;
    const uint8_t *u = v + depth;
    const uint8_t *end = u - depth % 2;
    int32_t value;
    int32_t other;
    int32_t weight;
    for (; v != end; v += 2, u += 2, w += 16) {
        TC_CONV_TWO_VALUE(0)
        TC_CONV_TWO_VALUE(1)
    }
    if (depth % 2 != 0) {
        TC_CONV_TWO_VALUE(0)
        w += 8;
    }
    const uint32_t all[16] = {first0,  first1,  first2,  first3,  first4,  first5,  first6,  first7,
                              second0, second1, second2, second3, second4, second5, second6, second7};
    for (int i = 0; i < 16; i++) {
        sums[i] = (int32_t)all[i];
    }
    return w;
}

#endif

#if defined(__ARM_ARCH_6M__) && defined(__GNUC__)

/* tc_s8_finish of eight channels, whose variables compilers find no room for. Of a sum in r0, the multiplier in r1 and
 * the shift to the right in r2 the magnitudes are multiplied by halves; what the shift drops last is the carry, which
 * rounds. `bounds`: zero point, least and largest output. On the stack: end of the outputs. */
static TC_NOINLINE __attribute__((naked)) void tc_conv_ends(const int32_t *sums __attribute__((unused)),
                                                            const int32_t *channel __attribute__((unused)),
                                                            const int32_t *bounds __attribute__((unused)),
                                                            int8_t *out __attribute__((unused))) {
    __asm__ volatile(".syntax unified\n" /* GCC reads assembly for these cores in the old syntax */
                     "push {r4, r5, r6, r7, lr}\n"
                     "mov r4, r8\n"
                     "mov r5, r9\n"
                     "mov r6, r10\n"
                     "mov r7, r11\n"
                     "push {r4, r5, r6, r7}\n"
                     "ldm r2!, {r4, r5, r6}\n"
                     "mov r9, r4\n"
                     "mov r10, r5\n"
                     "mov r11, r6\n"
                     "mov r8, r0\n"
                     "movs r7, r1\n"
                     "mov lr, r3\n"
                     "adds r3, r3, #8\n"
                     "push {r3}\n"
                     "movs r0, #1\n"
                     "lsls r0, r0, #14\n"
                     "mov r12, r0\n"
                     "1:\n"
                     "ldm r7!, {r0, r1, r2}\n"
                     "mov r6, r8\n"
                     "ldm r6!, {r3}\n"
                     "mov r8, r6\n"
                     "adds r0, r0, r3\n"
                     "rsbs r2, r2, #0\n"
                     "bmi 5f\n"
                     "2:\n"
                     "asrs r3, r0, #31\n"
                     "eors r0, r3\n"
                     "subs r0, r0, r3\n"
                     "uxth r4, r0\n"
                     "lsrs r0, r0, #16\n"
                     "uxth r5, r1\n"
                     "lsrs r1, r1, #16\n"
                     "movs r6, r4\n"
                     "muls r6, r5, r6\n"
                     "muls r4, r1, r4\n"
                     "muls r5, r0, r5\n"
                     "muls r1, r0, r1\n"
                     "lsrs r0, r3, #16\n"
                     "adds r6, r6, r0\n"
                     "lsrs r6, r6, #16\n"
                     "adds r4, r4, r5\n"
                     "adds r4, r4, r6\n"
                     "adds r4, r4, r3\n"
                     "add r4, r12\n"
                     "lsrs r4, r4, #15\n"
                     "lsls r1, r1, #1\n"
                     "adds r1, r1, r4\n"
                     "movs r0, #0\n"
                     "lsrs r1, r1, r2\n"
                     "adcs r1, r0\n"
                     "eors r1, r3\n"
                     "subs r1, r1, r3\n"
                     "add r1, r9\n"
                     "cmp r1, r10\n"
                     "bge 3f\n"
                     "mov r1, r10\n"
                     "3:\n"
                     "cmp r1, r11\n"
                     "ble 4f\n"
                     "mov r1, r11\n"
                     "4:\n"
                     "mov r6, lr\n"
                     "strb r1, [r6]\n"
                     "adds r6, r6, #1\n"
                     "mov lr, r6\n"
                     "ldr r0, [sp]\n"
                     "cmp r6, r0\n"
                     "bne 1b\n"
                     "add sp, sp, #4\n"
                     "pop {r4, r5, r6, r7}\n"
                     "mov r8, r4\n"
                     "mov r9, r5\n"
                     "mov r10, r6\n"
                     "mov r11, r7\n"
                     "pop {r4, r5, r6, r7, pc}\n"
                     "5:\n"
                     "rsbs r2, r2, #0\n"
                     "lsls r0, r0, r2\n"
                     "movs r2, #0\n"
                     "b 2b\n");
}

/* Eight channels of a pixel. */
static TC_INLINE void tc_conv_eight(const tc_s8_conv_rows *p, int32_t *sums, const int32_t *channel, int32_t excess,
                                    int8_t *out) {
    const int32_t bounds[3] = {p->out_zero, p->act_min, p->act_max};
    for (int i = 1; i < 8; i += 2) {
        sums[i] -= excess;
    }
    tc_conv_ends(sums, channel, bounds, out);
}

#else

/* Eight channels of a pixel. */
static TC_NOINLINE void tc_conv_eight(const tc_s8_conv_rows *p, const int32_t *sums, const int32_t *channel,
                                      int32_t excess, int8_t *out) {
    const int32_t zero = p->out_zero;
    const int32_t low = p->act_min;
    const int32_t high = p->act_max;
    for (const int32_t *end = sums + 8; sums != end; sums += 2, channel += 6, out += 2) {
        out[0] = tc_s8_finish(sums[0], channel, zero, low, high);
        out[1] = tc_s8_finish(sums[1] - excess, channel + 3, zero, low, high);
    }
}

#endif

TC_KERNEL void tc_s8_conv_2d_halves__c(const tc_s8_conv_rows *p, const int8_t *in, int8_t *out, void *scratch) {
    uint8_t *row = (uint8_t *)scratch;
    const int32_t image = p->window.in_h * p->window.in_w * p->window.in_c;
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t left = p->window.batch * p->window.out_h * p->window.out_w; left > 0; left -= 2) {
        int32_t excess[2];
        for (int i = 0; i < 2 && i < left; i++) {
            excess[i] = (int32_t)(tc_conv_window_row(p, in, y, x, row + i * p->depth) << 7);
            if (++x == p->window.out_w) {
                x = 0;
                if (++y == p->window.out_h) {
                    y = 0;
                    in += image;
                }
            }
        }
        const uint8_t *w = p->weights;
        const int32_t *channel = p->channels;
        for (int32_t c = 0; c < p->window.out_c; c += 8, channel += 24, out += 8) {
            int32_t sums[16];
            if (left > 1) {
                w = tc_conv_two_halves(row, w, p->depth, sums);
                tc_conv_eight(p, sums + 8, channel, excess[1], out + p->window.out_c);
            } else {
                w = tc_conv_halves(row, w, p->depth, sums);
            }
            tc_conv_eight(p, sums, channel, excess[0], out);
        }
        out += p->window.out_c;
    }
}

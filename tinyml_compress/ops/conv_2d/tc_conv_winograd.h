/* Convolution 3x3 at stride 1 by F(2x2, 3x3): a tile of 2x2 outputs from its 4x4 inputs with 16 products in place of
 * 36. Along either axis, of inputs d0..d3 and taps g0..g2, the products are (d0 - d2)(2 g0), (d1 + d2)(g0 + g1 + g2),
 * (d2 - d1)(g0 - g1 + g2), (d1 - d3)(2 g2): the first three add up to twice the first output, the second less the third
 * and fourth to twice the second. In whole numbers; sums are four times the true ones. Pixels outside the image hold
 * the zero point, which the bias expects. Input channels come in eights, output channels in twos. Scratch: 160 bytes
 * per input channel, sums of 512 bytes, channel parameters where these are packed. Output may run over input that no
 * later four tiles read. */
#ifndef TC_CONV_WINOGRAD_H
#define TC_CONV_WINOGRAD_H

#include "tc_conv_pixels.h"

/* Two channels of four tiles, product by product: [product][channel][tile]. `values`: per pair of input channels
 * [product][tile], `weights`: per product and pair of input channels one word of each channel. */
#if TC_DSP_ASM

/* Sums in r2-r9, values in r0, weights in r1. On the stack: where sums go, end of this product's weights, bytes of
 * these, bytes back to the next product's values, where to go on after the first pair, end of the sums. */
#if TC_DUAL_ISSUE
#define TC_WINOGRAD_STEP_BYTES "48"
#define TC_WINOGRAD_STEP          \
    "ldr r12, [r1], #8\n"         \
    "smlad r8, r10, lr, r8\n"     \
    "smlad r9, r11, lr, r9\n"     \
    "ldrd r10, r11, [r0], #8\n"   \
    "smlad r2, r10, r12, r2\n"    \
    "ldr lr, [r1, #-4]\n"         \
    "smlad r3, r11, r12, r3\n"    \
    "smlad r6, r10, lr, r6\n"     \
    "smlad r7, r11, lr, r7\n"     \
    "ldrd r10, r11, [r0], #248\n" \
    "smlad r4, r10, r12, r4\n"    \
    "smlad r5, r11, r12, r5\n"
#define TC_WINOGRAD_FIRST_LAST \
    "mov r8, #0\n"             \
    "mov r9, #0\n"
#define TC_WINOGRAD_LAST      \
    "smlad r8, r10, lr, r8\n" \
    "smlad r9, r11, lr, r9\n"
#else
#define TC_WINOGRAD_STEP_BYTES "44"
#define TC_WINOGRAD_STEP          \
    "ldrd r12, lr, [r1], #8\n"    \
    "ldrd r10, r11, [r0], #8\n"   \
    "smlad r2, r10, r12, r2\n"    \
    "smlad r6, r10, lr, r6\n"     \
    "smlad r3, r11, r12, r3\n"    \
    "smlad r7, r11, lr, r7\n"     \
    "ldrd r10, r11, [r0], #248\n" \
    "smlad r4, r10, r12, r4\n"    \
    "smlad r8, r10, lr, r8\n"     \
    "smlad r5, r11, r12, r5\n"    \
    "smlad r9, r11, lr, r9\n"
#define TC_WINOGRAD_FIRST_LAST \
    "smuad r8, r10, lr\n"      \
    "smuad r9, r11, lr\n"
#define TC_WINOGRAD_LAST ""
#endif

static TC_NOINLINE __attribute__((naked)) void tc_winograd_sums(const uint32_t *values __attribute__((unused)),
                                                                const int16_t *weights __attribute__((unused)),
                                                                int32_t *sums __attribute__((unused)),
                                                                int32_t pairs __attribute__((unused))) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, sp, #28\n"
                     "lsl r4, r3, #3\n"
                     "lsl r5, r3, #8\n"
                     "sub r5, r5, #16\n"
                     "add r6, r1, r4\n"
                     "strd r2, r6, [sp]\n"
                     "strd r4, r5, [sp, #8]\n"
                     "rsb r3, r3, #1\n"
                     "and r3, r3, #15\n"
                     "movs r4, #" TC_WINOGRAD_STEP_BYTES "\n"
                     "mul r3, r3, r4\n"
                     "adr r4, 2f\n"
                     "add r3, r3, r4\n"
                     "orr r3, r3, #1\n"
                     "add r2, r2, #512\n"
                     "strd r3, r2, [sp, #16]\n"
                     "1:\n"
                     "ldrd r12, lr, [r1], #8\n"
                     "ldrd r10, r11, [r0], #8\n"
                     "smuad r2, r10, r12\n"
                     "smuad r6, r10, lr\n"
                     "smuad r3, r11, r12\n"
                     "smuad r7, r11, lr\n"
                     "ldrd r10, r11, [r0], #248\n"
                     "smuad r4, r10, r12\n"
                     "smuad r5, r11, r12\n" TC_WINOGRAD_FIRST_LAST "ldr r12, [sp, #16]\n"
                     "bx r12\n"
                     ".p2align 2\n"
                     "2:\n"
                     ".rept 16\n" TC_WINOGRAD_STEP ".endr\n"
                     "ldr r12, [sp, #4]\n"
                     "cmp r1, r12\n"
                     "bne 2b\n" TC_WINOGRAD_LAST "ldm sp, {r10, r11, r12, lr}\n"
                     "stm r10!, {r2, r3, r4, r5, r6, r7, r8, r9}\n"
                     "add r11, r1, r12\n"
                     "sub r0, r0, lr\n"
                     "strd r10, r11, [sp]\n"
                     "ldr r12, [sp, #20]\n"
                     "cmp r10, r12\n"
                     "bne 1b\n"
                     "add sp, sp, #28\n"
                     "pop {r4-r11, pc}\n");
}

#else

static TC_INLINE void tc_winograd_sums(const uint32_t *values, const int16_t *weights, int32_t *sums, int32_t pairs) {
    for (int product = 0; product < 16; product++, values += 4, sums += 8) {
        for (int i = 0; i < 8; i++) {
            sums[i] = 0;
        }
        for (int32_t k = 0; k < pairs; k++, weights += 4) {
            for (int i = 0; i < 8; i++) {
                sums[i] = tc_smlad(values[64 * k + i % 4], tc_load32(weights + i / 4 * 2), sums[i]);
            }
        }
    }
}

#endif

/* Where the outputs of up to four tiles go: those that are not there lie where a tile's first is, which is written
 * last. The assembly knows the offsets. */
typedef struct {
    int8_t *out[4][4];
    int32_t count;
} tc_winograd_tiles;

typedef void (*tc_winograd_block)(const tc_winograd_tiles *, const int32_t *, const int32_t *, int32_t);

/* Ends of two channels' outputs, `c` the first of them: sums of a row of products, second less third and so on, of all
 * rows; a quadruple sum becomes an int8. */
#if TC_DSP_ASM

/* Of the products at `at` (the first channel's, bytes): r9 and r10 become what belongs to a row's two outputs. */
#define TC_WINOGRAD_ROW(at, BIAS)                             \
    "ldr r9, [r0, #" #at "]\n"                                \
    "ldr r10, [r0, #" #at " + 32]\n"                          \
    "ldr r11, [r0, #" #at " + 64]\n"                          \
    "ldr r12, [r0, #" #at " + 96]\n" BIAS "add r9, r9, r10\n" \
    "sub r10, r10, r11\n"                                     \
    "add r9, r9, r11\n"                                       \
    "sub r10, r10, r12\n"

/* r1 is the multiplier, r2 half, r3 the shift. */
#define TC_WINOGRAD_FINISH(x, y)    \
    "asr " x ", " x ", #1\n"        \
    "asr " y ", " y ", #1\n"        \
    "add r9, r2, " x ", asr #31\n"  \
    "add r10, r2, " y ", asr #31\n" \
    "smmlar " x ", " x ", r1, r9\n" \
    "smmlar " y ", " y ", r1, r10\n" TC_WINOGRAD_SHIFT(x, y)
#define TC_WINOGRAD_SHIFT(x, y) \
    "asr " x ", " x ", r3\n"    \
    "asr " y ", " y ", r3\n"    \
    "ssat " x ", #8, " x "\n"   \
    "ssat " y ", #8, " y "\n"

/* The same where the zero point is -128: whatever is negative saturates, so that its ties do not matter. */
#define TC_WINOGRAD_FINISH_RELU(x, y) \
    "asr " x ", " x ", #1\n"          \
    "asr " y ", " y ", #1\n"          \
    "smmlar " x ", " x ", r1, r2\n"   \
    "smmlar " y ", " y ", r1, r2\n" TC_WINOGRAD_SHIFT(x, y)

/* On the stack: bias, the other bias, the other channel's parameters, end of the tiles, the tiles. */
#define TC_WINOGRAD_BLOCK(name, FINISH)                                                                                \
    static TC_NOINLINE __attribute__((naked)) void name(                                                               \
        const tc_winograd_tiles *tiles __attribute__((unused)), const int32_t *sums __attribute__((unused)),           \
        const int32_t *channels __attribute__((unused)), int32_t c __attribute__((unused))) {                          \
        __asm__ volatile(                                                                                              \
            "push {r4-r11, lr}\n"                                                                                      \
            "sub sp, sp, #20\n"                                                                                        \
            "mov lr, r0\n"                                                                                             \
            "mov r4, r3\n"                                                                                             \
            "mov r0, r1\n"                                                                                             \
            "ldr r12, [lr, #64]\n"                                                                                     \
            "ldm r2!, {r5, r6}\n"                                                                                      \
            "add r7, r2, #12\n"                                                                                        \
            "add r8, lr, r12, lsl #4\n"                                                                                \
            "strd r5, r6, [sp]\n"                                                                                      \
            "strd r7, r8, [sp, #8]\n"                                                                                  \
            "str lr, [sp, #16]\n"                                                                                      \
            "ldm r2, {r1, r2, r3}\n"                                                                                   \
            "1:\n" TC_WINOGRAD_ROW(                                                                                    \
                128,                                                                                                   \
                "ldr r8, [sp]\n"                                                                                       \
                "add r10, r10, r8\n") "mov r5, r9\n"                                                                   \
                                      "mov r6, r10\n" TC_WINOGRAD_ROW(                                                 \
                                          256, "") "sub r7, r5, r9\n"                                                  \
                                                   "sub r8, r6, r10\n"                                                 \
                                                   "add r5, r5, r9\n"                                                  \
                                                   "add r6, r6, r10\n" TC_WINOGRAD_ROW(                                \
                                                       384,                                                            \
                                                       "") "sub r7, r7, r9\n"                                          \
                                                           "sub r8, r8, r10\n" TC_WINOGRAD_ROW(                        \
                                                               0, "") "add r5, r5, r9\n"                               \
                                                                      "add r6, r6, r10\n" FINISH("r7", "r8") FINISH(   \
                                                                          "r5", "r6") "ldm lr!, {r9, r10, r11, r12}\n" \
                                                                                      "strb r8, [r12, r4]\n"           \
                                                                                      "strb r7, [r11, r4]\n"           \
                                                                                      "strb r6, [r10, r4]\n"           \
                                                                                      "ldr r12, [sp, #12]\n"           \
                                                                                      "strb r5, [r9, r4]\n"            \
                                                                                      "add r0, r0, #4\n"               \
                                                                                      "cmp lr, r12\n"                  \
                                                                                      "bne 1b\n"                       \
                                                                                      "ldrd r5, r6, [sp, #4]\n"        \
                                                                                      "ldr lr, [sp, #16]\n"            \
                                                                                      "cmp r6, #0\n"                   \
                                                                                      "beq 2f\n"                       \
                                                                                      "sub r7, r12, lr\n"              \
                                                                                      "sub r0, r0, r7, lsr #2\n"       \
                                                                                      "add r0, r0, #16\n"              \
                                                                                      "add r4, r4, #1\n"               \
                                                                                      "movs r7, #0\n"                  \
                                                                                      "str r5, [sp]\n"                 \
                                                                                      "str r7, [sp, #8]\n"             \
                                                                                      "ldm r6, {r1, r2, r3}\n"         \
                                                                                      "b 1b\n"                         \
                                                                                      "2:\n"                           \
                                                                                      "add sp, sp, #20\n"              \
                                                                                      "pop {r4-r11, pc}\n");           \
    }

#else

static TC_INLINE void tc_winograd_row(const int32_t *sums, uint32_t bias, uint32_t pair[2]) {
    const uint32_t second = (uint32_t)sums[8] + bias;
    const uint32_t third = (uint32_t)sums[16];
    pair[0] = (uint32_t)sums[0] + second + third;
    pair[1] = second - third - (uint32_t)sums[24];
}

static TC_INLINE int8_t tc_winograd_finish(uint32_t sum, const int32_t *fast) {
    const int32_t doubled = (int32_t)sum >> 1;
    return tc_ssat8(tc_smmlar(doubled, fast[0], fast[1] + (doubled >> 31)) >> fast[2]);
}

static TC_INLINE void tc_winograd_twin(const tc_winograd_tiles *tiles, const int32_t *sums, const int32_t *channels,
                                       int32_t c) {
    for (int j = 0; j < 2; j++, c++, sums += 4) {
        const int32_t *fast = channels + 2 + 3 * j;
        for (int32_t i = 0; i < tiles->count; i++) {
            uint32_t r[4][2];
            int8_t *const *out = tiles->out[i];
            for (int row = 0; row < 4; row++) {
                tc_winograd_row(sums + i + 32 * row, row == 1 ? (uint32_t)channels[j] : 0u, r[row]);
            }
            for (int x = 1; x >= 0; x--) {
                out[2 + x][c] = tc_winograd_finish(r[1][x] - r[2][x] - r[3][x], fast);
            }
            for (int x = 1; x >= 0; x--) {
                out[x][c] = tc_winograd_finish(r[0][x] + r[1][x] + r[2][x], fast);
            }
        }
    }
}

#define TC_WINOGRAD_BLOCK(name, FINISH)                                                                        \
    static TC_NOINLINE void name(const tc_winograd_tiles *tiles, const int32_t *sums, const int32_t *channels, \
                                 int32_t c) {                                                                  \
        tc_winograd_twin(tiles, sums, channels, c);                                                            \
    }

#endif

/* Transforms the inputs of one tile, `words` times four channels of each: four rows of four pixels, which lie `step`
 * bytes apart. */
#if TC_DSP_ASM

/* The pixels of a row, whose place is `row` on the stack, as pairs of channels; r1 is the step. */
#define TC_WINOGRAD_LINE(row, a, b, c, d, ROR, NEXT)                                \
    "ldr " d ", [sp, #" #row "]\n" NEXT(a, d, row) "ldr " a ", [" d "]\n"           \
                                                   "ldr " b ", [" d ", r1]\n"       \
                                                   "add " d ", " d ", r1, lsl #1\n" \
                                                   "ldr " c ", [" d "]\n"           \
                                                   "ldr " d ", [" d ", r1]\n"       \
                                                   "sxtb16 " a ", " a ROR "\n"      \
                                                   "sxtb16 " b ", " b ROR "\n"      \
                                                   "sxtb16 " c ", " c ROR "\n"      \
                                                   "sxtb16 " d ", " d ROR "\n"
#define TC_WINOGRAD_SAME(a, d, row) ""
#define TC_WINOGRAD_NEXT(a, d, row) \
    "add " a ", " d ", #4\n"        \
    "str " a ", [sp, #" #row "]\n"

/* Their sums and differences: in a, b, `third` and d. */
#define TC_WINOGRAD_ACROSS(a, b, c, d, third) \
    "ssub16 " a ", " a ", " c "\n"            \
    "ssub16 " d ", " b ", " d "\n"            \
    "ssub16 " third ", " c ", " b "\n"        \
    "sadd16 " b ", " b ", " c "\n"

/* Of the second row's and the third's: what becomes of the rows between. */
#define TC_WINOGRAD_MIDDLE(x, y, at) \
    "sadd16 r10, " x ", " y "\n"     \
    "ssub16 r11, " y ", " x "\n"     \
    "str r10, [r0, #64 + " #at "]\n" \
    "str r11, [r0, #128 + " #at "]\n"

/* A difference of rows. */
#define TC_WINOGRAD_PUT(to, x, y, at) \
    "ssub16 " to ", " x ", " y "\n"   \
    "str " to ", [r0, #" #at "]\n"

/* One pair of channels of each four: the second row and the third first. */
#define TC_WINOGRAD_HALF(ROR, NEXT)                                                                             \
    TC_WINOGRAD_LINE(4, "r2", "r3", "r4", "r5", ROR, NEXT)                                                      \
    TC_WINOGRAD_ACROSS("r2", "r3", "r4", "r5", "lr")                                                            \
    TC_WINOGRAD_LINE(8, "r6", "r7", "r8", "r9", ROR, NEXT)                                                      \
    TC_WINOGRAD_ACROSS("r6", "r7", "r8", "r9", "r4")                                                            \
    TC_WINOGRAD_MIDDLE("r2", "r6", 0)                                                                           \
    TC_WINOGRAD_MIDDLE("r3", "r7", 16)                                                                          \
    TC_WINOGRAD_MIDDLE("lr", "r4", 32)                                                                          \
    TC_WINOGRAD_MIDDLE("r5", "r9", 48)                                                                          \
    TC_WINOGRAD_LINE(0, "r8", "r10", "r11", "r12", ROR, NEXT)                                                   \
    "ssub16 r8, r8, r11\n"                                                                                      \
    "ssub16 r12, r10, r12\n" TC_WINOGRAD_PUT("r8", "r8", "r6", 0) TC_WINOGRAD_PUT(                              \
        "r12", "r12", "r9",                                                                                     \
        48) "sadd16 r6, r10, r11\n"                                                                             \
            "ssub16 r9, r11, r10\n" TC_WINOGRAD_PUT("r6", "r6", "r7", 16) TC_WINOGRAD_PUT("r9", "r9", "r4", 32) \
                TC_WINOGRAD_LINE(12, "r8", "r10", "r11", "r12", ROR, NEXT)                                      \
                    TC_WINOGRAD_ACROSS("r8", "r10", "r11", "r12", "r6") TC_WINOGRAD_PUT("r8", "r2", "r8", 192)  \
                        TC_WINOGRAD_PUT("r10", "r3", "r10", 208) TC_WINOGRAD_PUT("r6", "lr", "r6", 224)         \
                            TC_WINOGRAD_PUT("r12", "r5", "r12", 240) "add r0, r0, #256\n"

/* On the stack: the places of the rows, words left. */
static TC_NOINLINE __attribute__((naked)) void tc_winograd_inputs(const int8_t *const rows[4] __attribute__((unused)),
                                                                  int32_t step __attribute__((unused)),
                                                                  int32_t words __attribute__((unused)),
                                                                  uint32_t *to __attribute__((unused))) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, sp, #20\n"
                     "ldm r0, {r4, r5, r6, r7}\n"
                     "stm sp, {r4, r5, r6, r7}\n"
                     "mov r0, r3\n"
                     "1:\n"
                     "str r2, [sp, #16]\n" TC_WINOGRAD_HALF("", TC_WINOGRAD_SAME)
                         TC_WINOGRAD_HALF(", ror #8", TC_WINOGRAD_NEXT) "ldr r2, [sp, #16]\n"
                                                                        "subs r2, r2, #1\n"
                                                                        "bne 1b\n"
                                                                        "add sp, sp, #20\n"
                                                                        "pop {r4-r11, pc}\n");
}

#else

static TC_NOINLINE void tc_winograd_inputs(const int8_t *const rows[4], int32_t step, int32_t words, uint32_t *to) {
    for (int32_t w = 0; w < words; w++) {
        for (int odd = 0; odd < 2; odd++, to += 64) {
            uint32_t t[4][4];
            for (int i = 0; i < 4; i++) {
                uint32_t d[4];
                const int8_t *from = rows[i] + 4 * w;
                for (int j = 0; j < 4; j++, from += step) {
                    d[j] = odd ? tc_sxtb16_odd(tc_load32(from)) : tc_sxtb16(tc_load32(from));
                }
                t[i][0] = tc_ssub16(d[0], d[2]);
                t[i][1] = tc_sadd16(d[1], d[2]);
                t[i][2] = tc_ssub16(d[2], d[1]);
                t[i][3] = tc_ssub16(d[1], d[3]);
            }
            for (int j = 0; j < 4; j++) {
                to[4 * j] = tc_ssub16(t[0][j], t[2][j]);
                to[4 * j + 16] = tc_sadd16(t[1][j], t[2][j]);
                to[4 * j + 32] = tc_ssub16(t[2][j], t[1][j]);
                to[4 * j + 48] = tc_ssub16(t[1][j], t[3][j]);
            }
        }
    }
}

#endif

/* The same for the tile whose first output is at `y`, `x`. `spare` holds four pixels of zero points, then room for a
 * row of four pixels for each of four rows that reach outside. */
static TC_INLINE void tc_winograd_take(const tc_s8_conv_block *p, const int8_t *image, int32_t y, int32_t x,
                                       int8_t *spare, uint32_t *to) {
    const int32_t in_c = p->window.in_c;
    const int32_t left = x - p->window.pad_left;
    const int inside = left >= 0 && left + 4 <= p->window.in_w;
    const int8_t *rows[4];
    for (int32_t i = 0; i < 4; i++) {
        const int32_t at = y - p->window.pad_top + i;
        const int8_t *row = image + at * p->window.in_w * in_c;
        if ((uint32_t)at >= (uint32_t)p->window.in_h) {
            rows[i] = spare;
        } else if (inside) {
            rows[i] = row + left * in_c;
        } else {
            int8_t *copy = spare + 4 * (i + 1) * in_c;
            const int32_t first = left < 0 ? -left : 0;
            const int32_t end = left + 4 <= p->window.in_w ? 4 : p->window.in_w - left;
            TC_MEMCPY(copy, spare, (size_t)(4 * in_c));
            TC_MEMCPY(copy + first * in_c, row + (left + first) * in_c, (size_t)((end - first) * in_c));
            rows[i] = copy;
        }
    }
    tc_winograd_inputs(rows, in_c, in_c / 4, to);
}

/* Where the outputs of the tile go whose first is at `y`, `x`. */
static TC_INLINE void tc_winograd_places(const tc_s8_conv_block *p, int8_t *image, int32_t y, int32_t x,
                                         int8_t *out[4]) {
    const int32_t right = x + 1 < p->window.out_w ? p->window.out_c : 0;
    const int32_t down = p->window.out_w * p->window.out_c;
    out[0] = image + (y * p->window.out_w + x) * p->window.out_c;
    out[1] = out[0] + right;
    out[2] = out[0] + (y + 1 < p->window.out_h ? down : 0);
    out[3] = y + 1 < p->window.out_h ? out[1] + down : out[0];
    if (right == 0) {
        out[3] = out[0];
    }
}

static TC_INLINE void tc_conv_winograd(const tc_s8_conv_block *p, const int8_t *in, int8_t *out, void *scratch,
                                       tc_winograd_block block) {
    uint32_t *values = (uint32_t *)scratch;
    const int32_t pairs = p->window.in_c / 2;
    int32_t *sums = (int32_t *)scratch + 64 * pairs;
    int8_t *spare;
    const int32_t *channels = tc_conv_channels(p, sums + 128, &spare, 0);
    tc_winograd_tiles tiles;
    int32_t y = 0;
    int32_t x = 0;
    TC_MEMSET(spare, p->in_zero, (size_t)(8 * pairs));
    for (int32_t b = p->window.batch; b > 0;) {
        const int16_t *weights = (const int16_t *)p->weights;
        for (tiles.count = 0; b > 0 && tiles.count < 4; tiles.count++) {
            tc_winograd_take(p, in, y, x, spare, values + tiles.count);
            tc_winograd_places(p, out, y, x, tiles.out[tiles.count]);
            x += 2;
            if (x >= p->window.out_w) {
                x = 0;
                y += 2;
            }
            if (y >= p->window.out_h) {
                y = 0;
                b--;
                in += p->window.in_h * p->window.in_w * p->window.in_c;
                out += p->window.out_h * p->window.out_w * p->window.out_c;
            }
        }
        for (int32_t c = 0; c < p->window.out_c; c += 2, weights += 64 * pairs) {
            tc_winograd_sums(values, weights, sums, pairs);
            block(&tiles, sums, channels + 4 * c, c);
        }
    }
}

#endif

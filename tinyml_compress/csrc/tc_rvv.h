/* Vectors of RISC-V: sums of products for up to sixteen outputs, one per lane, and their ends. Vectors are at least 128
 * bits long; what is longer stays empty. Without them the same in plain C. */
#ifndef TC_RVV_H
#define TC_RVV_H

#include "tc_conv.h"

#if defined(__riscv_vector)
#include <riscv_vector.h>
#define TC_RVV 1
#else
#define TC_RVV 0
#endif

/* What all outputs have in common. */
typedef struct {
    int32_t zero;
    int32_t low;
    int32_t high;
} tc_rvv_end;

#if TC_RVV
/* tc_s8_finish in lanes; `channels` is {bias, multiplier, shift} of each. VSMUL is tc_high_mul. VSSRA takes ties toward
 * +infinity: one less, where a negative number is shifted at all, takes its ties away from zero, and is no tie
 * elsewhere. */
static TC_INLINE vint8m1_t tc_rvv_finish(vint32m4_t sums, const int32_t *channels, const tc_rvv_end *end,
                                         size_t lanes) {
    const ptrdiff_t step = 3 * (ptrdiff_t)sizeof *channels;
    const vint32m4_t shift = __riscv_vlse32_v_i32m4(channels + 2, step, lanes);
    const vint32m4_t right = __riscv_vmin_vx_i32m4(shift, 0, lanes);
    const vuint32m4_t up = __riscv_vreinterpret_v_i32m4_u32m4(__riscv_vmax_vx_i32m4(shift, 0, lanes));
    const vuint32m4_t down = __riscv_vreinterpret_v_i32m4_u32m4(__riscv_vneg_v_i32m4(right, lanes));
    vint32m4_t x = __riscv_vadd_vv_i32m4(sums, __riscv_vlse32_v_i32m4(channels, step, lanes), lanes);
    x = __riscv_vsll_vv_i32m4(x, up, lanes);
    x = __riscv_vsmul_vv_i32m4(x, __riscv_vlse32_v_i32m4(channels + 1, step, lanes), __RISCV_VXRM_RNU, lanes);
    x = __riscv_vsadd_vv_i32m4(x, __riscv_vsra_vx_i32m4(__riscv_vand_vv_i32m4(x, right, lanes), 31, lanes), lanes);
    x = __riscv_vssra_vv_i32m4(x, down, __RISCV_VXRM_RNU, lanes);
    x = __riscv_vadd_vx_i32m4(x, end->zero, lanes);
    x = __riscv_vmin_vx_i32m4(__riscv_vmax_vx_i32m4(x, end->low, lanes), end->high, lanes);
    return __riscv_vncvt_x_x_w_i8m1(__riscv_vncvt_x_x_w_i16m2(x, lanes), lanes);
}

/* Two values by two weights of each lane: weights are no less than -127, so that two products fit into 16 bits. */
static TC_INLINE vint16m2_t tc_rvv_pair(const int8_t *x, vint8m1_t first, vint8m1_t second, size_t lanes) {
    return __riscv_vwmacc_vx_i16m2(__riscv_vwmul_vx_i16m2(first, x[0], lanes), x[1], second, lanes);
}
#endif

/* One row of `pairs` pairs of values by the weights of `lanes` outputs: of each pair sixteen and sixteen. */
static TC_INLINE void tc_rvv_one(const int8_t *x, const int8_t *w, int32_t pairs, const int32_t *channels,
                                 const tc_rvv_end *end, int32_t lanes, int8_t *out) {
#if TC_RVV
    const size_t n = (size_t)lanes;
    vint32m4_t sums = __riscv_vmv_v_x_i32m4(0, n);
    for (; pairs > 0; pairs--, x += 2, w += 32) {
        const vint8m1_t first = __riscv_vle8_v_i8m1(w, n);
        const vint8m1_t second = __riscv_vle8_v_i8m1(w + 16, n);
        sums = __riscv_vwadd_wv_i32m4(sums, tc_rvv_pair(x, first, second, n), n);
    }
    __riscv_vse8_v_i8m1(out, tc_rvv_finish(sums, channels, end, n), n);
#else
    for (int32_t i = 0; i < lanes; i++) {
        uint32_t sum = 0;
        for (int32_t k = 0; k < pairs; k++) {
            sum += (uint32_t)(x[2 * k] * w[32 * k + i]) + (uint32_t)(x[2 * k + 1] * w[32 * k + 16 + i]);
        }
        out[i] = tc_s8_finish((int32_t)sum, channels + 3 * i, end->zero, end->low, end->high);
    }
#endif
}

/* Four rows, `row` bytes apart; their outputs lie `next` bytes apart. */
static TC_INLINE void tc_rvv_four(const int8_t *x, int32_t row, const int8_t *w, int32_t pairs, const int32_t *channels,
                                  const tc_rvv_end *end, int32_t lanes, int8_t *out, int32_t next) {
#if TC_RVV
    const size_t n = (size_t)lanes;
    const int8_t *second_row = x + row;
    const int8_t *third_row = second_row + row;
    const int8_t *fourth_row = third_row + row;
    vint32m4_t a = __riscv_vmv_v_x_i32m4(0, n);
    vint32m4_t b = a;
    vint32m4_t c = a;
    vint32m4_t d = a;
    for (; pairs > 0; pairs--, w += 32) {
        const vint8m1_t first = __riscv_vle8_v_i8m1(w, n);
        const vint8m1_t second = __riscv_vle8_v_i8m1(w + 16, n);
        const vint16m2_t e = tc_rvv_pair(x, first, second, n);
        const vint16m2_t f = tc_rvv_pair(second_row, first, second, n);
        const vint16m2_t g = tc_rvv_pair(third_row, first, second, n);
        const vint16m2_t h = tc_rvv_pair(fourth_row, first, second, n);
        a = __riscv_vwadd_wv_i32m4(a, e, n);
        b = __riscv_vwadd_wv_i32m4(b, f, n);
        c = __riscv_vwadd_wv_i32m4(c, g, n);
        d = __riscv_vwadd_wv_i32m4(d, h, n);
        x += 2;
        second_row += 2;
        third_row += 2;
        fourth_row += 2;
    }
    __riscv_vse8_v_i8m1(out, tc_rvv_finish(a, channels, end, n), n);
    __riscv_vse8_v_i8m1(out + next, tc_rvv_finish(b, channels, end, n), n);
    __riscv_vse8_v_i8m1(out + 2 * next, tc_rvv_finish(c, channels, end, n), n);
    __riscv_vse8_v_i8m1(out + 3 * next, tc_rvv_finish(d, channels, end, n), n);
#else
    for (int32_t i = 0; i < 4; i++) {
        tc_rvv_one(x + i * row, w, pairs, channels, end, lanes, out + i * next);
    }
#endif
}

/* `rows` rows (four at a time) by all weights of `outputs` outputs. */
static TC_INLINE void tc_rvv_rows(const int8_t *x, int32_t row, int32_t rows, const int8_t *weights, int32_t pairs,
                                  const int32_t *channels, const tc_rvv_end *end, int32_t outputs, int8_t *out) {
    for (int32_t c = 0; c < outputs; c += 16, weights += 32 * pairs) {
        const int32_t lanes = outputs - c < 16 ? outputs - c : 16;
        if (rows == 4) {
            tc_rvv_four(x, row, weights, pairs, channels + 3 * c, end, lanes, out + c, outputs);
            continue;
        }
        for (int32_t i = 0; i < rows; i++) {
            tc_rvv_one(x + i * row, weights, pairs, channels + 3 * c, end, lanes, out + i * outputs + c);
        }
    }
}

#endif

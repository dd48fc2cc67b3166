/* Depthwise convolution on vectors of RISC-V, sixteen channels at a time, where each makes one. Weights lie as in the
 * file, [y][x][out]; a channel is {bias, multiplier, shift}. Output may run over input that no later window reads. */
#include "tc_depthwise_walk.h"
#include "tc_rvv.h"

#if TC_RVV
/* (x - zero) * w, which fits into 16 bits. */
static TC_INLINE vint16m2_t tc_rvv_tap(const int8_t *x, const int8_t *w, int32_t zero, size_t lanes) {
    const vint8m1_t weights = __riscv_vle8_v_i8m1(w, lanes);
    const vint16m2_t product = __riscv_vwmul_vv_i16m2(__riscv_vle8_v_i8m1(x, lanes), weights, lanes);
    if (zero > 0) {
        return __riscv_vwmacc_vx_i16m2(product, (int8_t)-zero, weights, lanes);
    }
    return __riscv_vwmaccus_vx_i16m2(product, (uint8_t)-zero, weights, lanes);
}

/* One pixel's outputs: `pixel` and `weights` begin with the first tap inside the image. */
static TC_INLINE void tc_rvv_depthwise(const tc_s8_conv *p, const int8_t *pixel, const int8_t *weights, int32_t rows,
                                       int32_t columns, const tc_rvv_end *end, int8_t *out) {
    const int32_t filters = p->window.out_c;
    const int32_t step_x = p->window.dilation_w * filters;
    const int32_t step_y = p->window.dilation_h * p->window.in_w * filters;
    for (int32_t c = 0; c < filters; c += 16) {
        const size_t lanes = (size_t)(filters - c < 16 ? filters - c : 16);
        const int8_t *line = pixel + c;
        const int8_t *row = weights + c;
        vint32m4_t sums = __riscv_vmv_v_x_i32m4(0, lanes);
        for (int32_t ky = rows; ky > 0; ky--, line += step_y, row += p->window.kernel_w * filters) {
            const int8_t *tap = line;
            const int8_t *w = row;
            for (int32_t kx = columns; kx > 0; kx--, tap += step_x, w += filters) {
                sums = __riscv_vwadd_wv_i32m4(sums, tc_rvv_tap(tap, w, p->in_zero, lanes), lanes);
            }
        }
        __riscv_vse8_v_i8m1(out + c, tc_rvv_finish(sums, p->channels + 3 * c, end, lanes), lanes);
    }
}

static TC_INLINE void tc_rvv_depthwise_walk(const tc_s8_conv *p, const int8_t *in, int8_t *out) {
    const tc_rvv_end end = {p->out_zero, p->act_min, p->act_max};
    const int32_t filters = p->window.out_c;
    for (int32_t b = 0; b < p->window.batch; b++, in += p->window.in_h * p->window.in_w * filters) {
        for (int32_t y = 0; y < p->window.out_h; y++) {
            const int32_t top = y * p->window.stride_h - p->window.pad_top;
            int32_t first_y;
            int32_t rows;
            tc_depthwise_span(top, p->window.kernel_h, p->window.dilation_h, p->window.in_h, &first_y, &rows);
            for (int32_t x = 0; x < p->window.out_w; x++, out += filters) {
                const int32_t left = x * p->window.stride_w - p->window.pad_left;
                const int8_t *pixel = in;
                int32_t first_x;
                int32_t columns;
                tc_depthwise_span(left, p->window.kernel_w, p->window.dilation_w, p->window.in_w, &first_x, &columns);
                if (rows > 0 && columns > 0) {
                    pixel += ((top + first_y * p->window.dilation_h) * p->window.in_w + left +
                              first_x * p->window.dilation_w) *
                             filters;
                }
                tc_rvv_depthwise(p, pixel, p->weights + (first_y * p->window.kernel_w + first_x) * filters, rows,
                                 columns, &end, out);
            }
        }
    }
}
#endif

TC_KERNEL void tc_s8_depthwise_conv_2d_vectors__rvv(const tc_s8_conv *p, const int8_t *in, int8_t *out) {
#if TC_RVV
    tc_rvv_depthwise_walk(p, in, out);
#else
    tc_depthwise_walk(p, in, out);
#endif
}

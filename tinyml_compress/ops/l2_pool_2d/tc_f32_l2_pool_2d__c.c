/* L2 pool of floats: the root of the mean square of the taps inside the image. Output may run over input that no
 * later window reads. */
#include "tc_pool.h"
#include "tc_sqrt.h"

TC_KERNEL void tc_f32_l2_pool_2d__c(const tc_f32_pool *p, const float *in, float *out) {
    const int32_t row = p->in_w * p->in_c;
    for (int32_t b = 0; b < p->batch; b++, in += p->in_h * row) {
        for (int32_t y = 0; y < p->out_h; y++) {
            int32_t top;
            int32_t bottom;
            tc_pool_span(y, p->stride_h, p->pad_top, p->kernel_h, p->in_h, &top, &bottom);
            for (int32_t x = 0; x < p->out_w; x++) {
                int32_t left;
                int32_t right;
                tc_pool_span(x, p->stride_w, p->pad_left, p->kernel_w, p->in_w, &left, &right);
                const float count = (float)((bottom - top) * (right - left));
                const int32_t skip = row - (right - left) * p->in_c;
                for (int32_t c = 0; c < p->in_c; c++) {
                    const float *tap = in + top * row + left * p->in_c + c;
                    float sum = 0.0f;
                    for (int32_t ky = top; ky < bottom; ky++, tap += skip) {
                        for (int32_t kx = left; kx < right; kx++, tap += p->in_c) {
                            const float square = *tap * *tap;
                            sum += square;
                        }
                    }
                    *out++ = tc_f32_bounded(tc_sqrt(sum / count), p->act_min, p->act_max);
                }
            }
        }
    }
}

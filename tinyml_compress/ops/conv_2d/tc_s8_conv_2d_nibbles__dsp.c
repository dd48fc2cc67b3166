/* Convolution that touches only weights that are not zero, each for eight pixels, four of either strip, for kernels one
 * column wide: a pair of weights is three bytes, the middle one two numbers of fours of words to step on. Taps outside
 * the image hold the zero point, which the bias expects. Output may run over input that no later strip reads. */
#include "tc_conv_sparse_walk.h"

#if TC_DSP_ASM

static TC_NOINLINE __attribute__((naked)) void tc_sparse_nibbles(const tc_sparse_job *job __attribute__((unused))) {
    __asm__ volatile(TC_SPARSE_TEXT(
        "lsr r10, r11, #20\nadd r10, r10, r10, lsl #1\nadd r10, r10, r1\n",
        TC_SPARSE_STEP("ldr r12, [r1], #3\n", "ubfx r10, r12, #8, #4\nadd.w r0, r0, r10, lsl #4\n", "sxtb.w lr, r12\n",
                       "ubfx r10, r12, #12, #4\nadd.w r0, r0, r10, lsl #4\n", "sxtb.w r12, r12, ror #16\n")));
}

#else

static TC_INLINE void tc_sparse_nibbles_pair(const uint8_t *from, int32_t step[2], int32_t weight[2]) {
    step[0] = 4 * (from[1] & 15);
    weight[0] = (int8_t)from[0];
    step[1] = 4 * (from[1] >> 4);
    weight[1] = (int8_t)from[2];
}

static TC_NOINLINE void tc_sparse_nibbles(const tc_sparse_job *job) {
    tc_sparse_twin(job, 3, tc_sparse_nibbles_pair);
}

#endif

TC_KERNEL void tc_s8_conv_2d_nibbles__dsp(const tc_s8_conv_sparse *p, const int8_t *in, int8_t *out, void *scratch) {
    tc_sparse_walk(p, in, out, scratch, tc_sparse_nibbles);
}

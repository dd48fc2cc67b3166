/* Depthwise 3x3, inner stride 1, one output channel per input channel. */
#include "tc_depthwise_3x3.h"

#if TC_DSP_ASM
static TC_NOINLINE __attribute__((naked)) void tc_depthwise_lines_1(tc_depthwise_job *job __attribute__((unused))) {
    __asm__ volatile(TC_DEPTHWISE_BEGIN TC_DEPTHWISE_PAIR_1 TC_DEPTHWISE_END);
}
#else
static TC_NOINLINE void tc_depthwise_lines_1(tc_depthwise_job *job) {
    tc_depthwise_twin(job, 1);
}
#endif

TC_KERNEL void tc_s8_depthwise_conv_2d_3x3__dsp(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out,
                                                void *scratch) {
    tc_depthwise_3x3(p, in, out, scratch, tc_depthwise_lines_1);
}

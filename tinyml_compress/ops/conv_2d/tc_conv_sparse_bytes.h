/* The sparse block whose weights are a byte each behind a byte that says how many words to step on. */
#ifndef TC_CONV_SPARSE_BYTES_H
#define TC_CONV_SPARSE_BYTES_H

#include "tc_conv_sparse.h"

#if TC_DSP_ASM

static TC_NOINLINE __attribute__((naked)) void tc_sparse_bytes(const tc_sparse_job *job __attribute__((unused))) {
    __asm__ volatile(TC_SPARSE_TEXT(
        "add r10, r1, r11, lsr #18\n",
        TC_SPARSE_STEP("ldr r12, [r1], #4\n", "uxtb.w r10, r12\nadd.w r0, r0, r10, lsl #2\n",
                       "sxtb.w lr, r12, ror #8\n", "uxtb.w r10, r12, ror #16\nadd.w r0, r0, r10, lsl #2\n",
                       "asr.w r12, r12, #24\n")));
}

#else

static TC_INLINE void tc_sparse_bytes_pair(const uint8_t *from, int32_t step[2], int32_t weight[2]) {
    step[0] = from[0];
    weight[0] = (int8_t)from[1];
    step[1] = from[2];
    weight[1] = (int8_t)from[3];
}

static TC_NOINLINE void tc_sparse_bytes(const tc_sparse_job *job) {
    tc_sparse_twin(job, 4, tc_sparse_bytes_pair);
}

#endif

#endif

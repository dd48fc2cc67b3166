/* Fully-connected layer that touches only weights that are not zero: each is a byte behind a byte that says how many
 * inputs to step on. */
#include "tc_fc_sparse.h"

#if TC_DSP_ASM

#define TC_FC_BYTES_TWO(word)             \
    "uxtab r3, r3, " word "\n"            \
    "ldrsb.w r6, [r3]\n"                  \
    "uxtab r3, r3, " word ", ror #16\n"   \
    "sxtb16 " word ", " word ", ror #8\n" \
    "smlabb r2, r6, " word ", r2\n"       \
    "ldrsb.w r6, [r3]\n"                  \
    "smlabt r2, r6, " word ", r2\n"

/* Four weights in 15 instructions of 4 bytes each. */
#define TC_FC_BYTES_FOUR "ldrd r4, r5, [r1], #8\n" TC_FC_BYTES_TWO("r4") TC_FC_BYTES_TWO("r5")
#define TC_FC_BYTES_PAIR "ldr r4, [r1], #4\n" TC_FC_BYTES_TWO("r4")

static TC_NOINLINE __attribute__((naked)) void tc_fc_bytes(const tc_fc_sparse_job *job __attribute__((unused))) {
    __asm__ volatile(TC_FC_SPARSE("add r12, r1, r11, lsr #17\n", "8", TC_FC_BYTES_FOUR, TC_FC_BYTES_PAIR));
}

#else

static TC_INLINE void tc_fc_bytes_pair(const uint8_t *from, int32_t step[2], int32_t weight[2]) {
    step[0] = from[0];
    weight[0] = (int8_t)from[1];
    step[1] = from[2];
    weight[1] = (int8_t)from[3];
}

static TC_NOINLINE void tc_fc_bytes(const tc_fc_sparse_job *job) {
    tc_fc_sparse_twin(job, 4, tc_fc_bytes_pair);
}

#endif

TC_KERNEL void tc_s8_fully_connected_sparse__dsp(const tc_s8_fc_sparse *p, const int8_t *in, int8_t *out) {
    for (int32_t b = p->batch; b > 0; b--, in += p->in_c, out += p->out_c) {
        const tc_fc_sparse_job job = {in, p->weights, out + p->out_c, p->channels, out};
        tc_fc_bytes(&job);
    }
}

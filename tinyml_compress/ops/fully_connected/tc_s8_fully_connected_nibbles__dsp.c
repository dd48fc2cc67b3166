/* Fully-connected layer that touches only weights that are not zero: a pair of them is three bytes, the middle one two
 * numbers of inputs to step on. */
#include "tc_fc_sparse.h"

#if TC_DSP_ASM

#define TC_FC_NIBBLES_TWO     \
    "ldr r4, [r1], #3\n"      \
    "ubfx r5, r4, #8, #4\n"   \
    "add.w r3, r3, r5\n"      \
    "ldrsb.w r6, [r3]\n"      \
    "ubfx r5, r4, #12, #4\n"  \
    "add.w r3, r3, r5\n"      \
    "sxtb16 r4, r4\n"         \
    "smlabb r2, r6, r4, r2\n" \
    "ldrsb.w r6, [r3]\n"      \
    "smlabt r2, r6, r4, r2\n"

static TC_NOINLINE __attribute__((naked)) void tc_fc_nibbles(const tc_fc_sparse_job *job __attribute__((unused))) {
    __asm__ volatile(TC_FC_SPARSE("lsr r12, r11, #20\n"
                                  "add r12, r12, r12, lsl #1\n"
                                  "add r12, r1, r12, lsl #1\n"
                                  "ubfx r6, r11, #17, #1\n"
                                  "add r12, r12, r6\n",
                                  "6", TC_FC_NIBBLES_TWO TC_FC_NIBBLES_TWO, TC_FC_NIBBLES_TWO));
}

#else

static TC_INLINE void tc_fc_nibbles_pair(const uint8_t *from, int32_t step[2], int32_t weight[2]) {
    step[0] = from[1] & 15;
    weight[0] = (int8_t)from[0];
    step[1] = from[1] >> 4;
    weight[1] = (int8_t)from[2];
}

static TC_NOINLINE void tc_fc_nibbles(const tc_fc_sparse_job *job) {
    tc_fc_sparse_twin(job, 3, tc_fc_nibbles_pair);
}

#endif

TC_KERNEL void tc_s8_fully_connected_nibbles__dsp(const tc_s8_fc_sparse *p, const int8_t *in, int8_t *out) {
    for (int32_t b = p->batch; b > 0; b--, in += p->in_c, out += p->out_c) {
        const tc_fc_sparse_job job = {in, p->weights, out + p->out_c, p->channels, out};
        tc_fc_nibbles(&job);
    }
}

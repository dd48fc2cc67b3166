/* Sum of two int8 tensors of one shape; what the fine input becomes is looked up. */
#include "tc_add_fast.h"

static TC_INLINE int8_t tc_add_looked_up(const tc_add_table_params *p, int32_t wide, int8_t fine) {
    return tc_fast_finish(p->fine[(uint8_t)fine] + (int32_t)((uint32_t)wide << 19), p->finish);
}

TC_KERNEL void tc_s8_add_table__dsp(const tc_add_table_params *p, const int8_t *wide, const int8_t *fine, int8_t *out) {
    const tc_add_table_params local = *p; /* in registers: the output could alias the parameters */
    int32_t i = 0;
    for (; i + 3 < local.count; i += 4) {
        out[i] = tc_add_looked_up(&local, wide[i], fine[i]);
        out[i + 1] = tc_add_looked_up(&local, wide[i + 1], fine[i + 1]);
        out[i + 2] = tc_add_looked_up(&local, wide[i + 2], fine[i + 2]);
        out[i + 3] = tc_add_looked_up(&local, wide[i + 3], fine[i + 3]);
    }
    for (; i < local.count; ++i) {
        out[i] = tc_add_looked_up(&local, wide[i], fine[i]);
    }
}

/* Running sums of int8, with 19 bits below one. They start where a stored zero would be. */
#include "tc_cumsum.h"

TC_KERNEL void tc_s8_cumsum__c(const tc_cumsum_params *p, const int8_t *in, int8_t *out) {
    for (int32_t before = 0; before < p->before; ++before, in += p->size * p->after, out += p->size * p->after) {
        for (int32_t after = 0; after < p->after; ++after) {
            int32_t sum = (int32_t)((uint32_t)-p->in_zero_point << 19);
            for (int32_t i = 0; i < p->size; ++i) {
                const int32_t at = tc_cumsum_index(p, i) + after;
                const int32_t next = tc_add(sum, (int32_t)((uint32_t)(in[at] - p->in_zero_point) << 19));
                const int32_t scaled = tc_requantize(p->exclusive ? sum : next, p->multiplier, p->shift);
                out[at] = (int8_t)tc_clamp(scaled + p->zero_point, -128, 127);
                sum = next;
            }
        }
    }
}

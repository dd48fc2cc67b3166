/* Index of the first smallest or largest int8_t along an axis. */
#include "tc_base.h"

TC_KERNEL void tc_s8_arg_extreme__c(const tc_arg_extreme_params *p, const int8_t *in, int32_t *out) {
    for (int32_t outer = 0; outer < p->outer; ++outer, in += p->size * p->inner) {
        for (int32_t inner = 0; inner < p->inner; ++inner) {
            int8_t best = in[inner];
            int32_t index = 0;
            for (int32_t i = 1; i < p->size; ++i) {
                const int8_t x = in[i * p->inner + inner];
                if (p->larger ? x > best : x < best) {
                    best = x;
                    index = i;
                }
            }
            *out++ = index;
        }
    }
}

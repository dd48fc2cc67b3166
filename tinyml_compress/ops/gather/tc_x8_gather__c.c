/* Copies the slices that the indices name; an index is a run-time value, so one that is outside is clamped. */
#include "tc_base.h"

TC_KERNEL void tc_x8_gather__c(const tc_gather_params *p, const void *in, const int32_t *indices, void *out) {
    const uint8_t *from = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    for (int32_t batch = 0; batch < p->batches; ++batch, indices += p->picks) {
        for (int32_t outer = 0; outer < p->outer; ++outer, from += p->size * p->bytes) {
            for (int32_t i = 0; i < p->picks; ++i, to += p->bytes) {
                const int32_t index = indices[i] < 0 ? 0 : (indices[i] >= p->size ? p->size - 1 : indices[i]);
                TC_MEMCPY(to, from + index * p->bytes, (size_t)p->bytes);
            }
        }
    }
}

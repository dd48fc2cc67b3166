/* Copies the slices that tuples of indices name; an index is a run-time value, so one that is outside is clamped. */
#include "tc_base.h"

TC_KERNEL void tc_x8_gather_nd__c(const tc_gather_nd_params *p, const void *in, const int32_t *indices, void *out) {
    uint8_t *to = (uint8_t *)out;
    for (int32_t pick = 0; pick < p->picks; ++pick, indices += p->depth, to += p->bytes) {
        int32_t offset = 0;
        for (int32_t i = 0; i < p->depth; ++i) {
            const int32_t size = p->axes[2 * i];
            const int32_t index = indices[i] < 0 ? 0 : (indices[i] >= size ? size - 1 : indices[i]);
            offset += index * p->axes[2 * i + 1];
        }
        TC_MEMCPY(to, (const uint8_t *)in + offset, (size_t)p->bytes);
    }
}

/* Copies the rows that the indices name. */
#include "tc_embedding.h"

TC_KERNEL void tc_x8_embedding__c(const tc_embedding_params *p, const int32_t *indices, const void *in, void *out) {
    uint8_t *to = (uint8_t *)out;
    for (int32_t i = 0; i < p->lookups; ++i, to += p->bytes) {
        TC_MEMCPY(to, (const uint8_t *)in + tc_embedding_row(p, indices[i]), (size_t)p->bytes);
    }
}

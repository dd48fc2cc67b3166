/* Turns the int8 rows that the indices name into float. */
#include "tc_embedding.h"

TC_KERNEL void tc_s8_f32_embedding__c(const tc_embedding_params *p, const int32_t *indices, const int8_t *in,
                                      float *out) {
    for (int32_t i = 0; i < p->lookups; ++i) {
        const int8_t *row = in + tc_embedding_row(p, indices[i]);
        for (int32_t j = 0; j < p->bytes; ++j) {
            *out++ = p->scale * (float)row[j];
        }
    }
}

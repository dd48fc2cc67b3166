/* Replaces each byte by its entry in a table. */
#include "tc_base.h"

TC_KERNEL void tc_x8_lookup__c(const tc_lookup_params *p, const void *in, void *out) {
    const uint8_t *from = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    const uint8_t *table = p->table;
    for (int32_t i = 0; i < p->count; ++i) {
        to[i] = table[from[i]];
    }
}

/* Functions of one 8-bit value as a table of 256 results. */
#ifndef TC_LOOKUP_H
#define TC_LOOKUP_H

#include "tc_base.h"

typedef struct {
    int32_t count;
    const uint8_t *table; /* indexed by the input's bits */
} tc_lookup_params;

#endif

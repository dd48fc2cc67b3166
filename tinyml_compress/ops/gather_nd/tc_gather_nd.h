/* Picking slices by tuples of indices. */
#ifndef TC_GATHER_ND_H
#define TC_GATHER_ND_H

#include "tc_base.h"

typedef struct {
    int32_t picks;
    int32_t depth;       /* indices per slice */
    const int32_t *axes; /* per index: size of its axis, bytes from one to the next */
    int32_t bytes;       /* per slice */
} tc_gather_nd_params;

#endif

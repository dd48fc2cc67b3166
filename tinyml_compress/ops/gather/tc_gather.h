/* Picking slices by index. */
#ifndef TC_GATHER_H
#define TC_GATHER_H

#include "tc_base.h"

typedef struct {
    int32_t batches;
    int32_t outer;
    int32_t size;  /* of the axis */
    int32_t picks; /* indices per batch */
    int32_t bytes; /* per slice */
} tc_gather_params;

#endif

/* Outputs that are known beforehand. */
#ifndef TC_CONSTANT_H
#define TC_CONSTANT_H

#include "tc_base.h"

typedef struct {
    int32_t bytes;
    const int32_t *values;
} tc_constant_params;

#endif

/* Kernels that need to know nothing but how many elements there are. */
#ifndef TC_COUNT_H
#define TC_COUNT_H

#include "tc_base.h"

typedef struct {
    int32_t count;
} tc_count_params;

#endif

/* The smaller or the larger of two values. */
#ifndef TC_MINMAX_H
#define TC_MINMAX_H

#include "tc_broadcast.h"

typedef struct {
    int32_t count;
    const int32_t *walk;
    int32_t larger; /* 1 for the maximum, 0 for the minimum */
} tc_minmax_params;

#endif

/* Products of matrices. */
#ifndef TC_BATCH_MATMUL_H
#define TC_BATCH_MATMUL_H

#include "tc_requant.h"
#include "tc_walk.h"

typedef struct {
    const int32_t *batches; /* two lanes: where both matrices of a product start */
    int32_t rows;
    int32_t columns;
    int32_t depth;
    int32_t row_step1;
    int32_t depth_step1;
    int32_t depth_step2;
    int32_t column_step2;
} tc_batch_matmul_params;

typedef struct {
    const int32_t *batches;
    int32_t rows;
    int32_t columns;
    int32_t depth;
    int32_t row_step1;
    int32_t depth_step1;
    int32_t depth_step2;
    int32_t column_step2;
    int32_t zero_point1;
    int32_t zero_point2;
    int32_t multiplier;
    int32_t shift;
    int32_t zero_point;
} tc_s8_batch_matmul_params;

#endif

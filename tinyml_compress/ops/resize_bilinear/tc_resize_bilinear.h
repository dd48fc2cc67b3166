/* Bilinear resizing. */
#ifndef TC_RESIZE_BILINEAR_H
#define TC_RESIZE_BILINEAR_H

#include "tc_base.h"

typedef struct {
    int32_t batches;
    int32_t batch;  /* input elements per batch */
    int32_t height; /* of the output */
    int32_t width;
    int32_t depth;
    const int32_t *rows;    /* per output row: offsets of the input rows below and above, fraction of 1024 */
    const int32_t *columns; /* the same along a row */
} tc_resize_bilinear_params;

typedef struct {
    int32_t batches;
    int32_t batch;
    int32_t height;
    int32_t width;
    int32_t depth;
    const int32_t *rows; /* per output row: offsets of the input rows below and above */
    const int32_t *columns;
    const float *row_fractions;
    const float *column_fractions;
} tc_f32_resize_bilinear_params;

#endif

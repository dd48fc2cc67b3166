/* Nearest-neighbour resizing. */
#ifndef TC_RESIZE_NEAREST_H
#define TC_RESIZE_NEAREST_H

#include "tc_base.h"

typedef struct {
    int32_t batches;
    int32_t batch_bytes;
    int32_t height; /* of the output */
    int32_t width;
    int32_t pixel_bytes;
    const int32_t *rows;    /* byte offset of the input row for each output row */
    const int32_t *columns; /* byte offset of the input pixel in its row */
} tc_resize_nearest_params;

#endif

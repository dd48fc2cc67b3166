/* Copies that change places but not values: the shape operators. */
#ifndef TC_MOVE_H
#define TC_MOVE_H

#include "tc_walk.h"

typedef struct {
    const int32_t *walk; /* lanes: input, output; a row's elements are bytes that follow one another, or strided */
} tc_move_params;

typedef struct {
    int32_t count;
} tc_copy_params;

typedef struct {
    int32_t count;
    int32_t value; /* its low bits are the element */
} tc_fill_params;

#endif

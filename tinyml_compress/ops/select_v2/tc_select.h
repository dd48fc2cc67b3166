/* One of two values for every element. */
#ifndef TC_SELECT_H
#define TC_SELECT_H

#include "tc_walk.h"

typedef struct {
    const int32_t *walk; /* lanes: condition, first, second */
} tc_select_params;

#endif

/* Shapes as values. */
#ifndef TC_BROADCAST_ARGS_H
#define TC_BROADCAST_ARGS_H

#include "tc_base.h"

/* From the last size to the first, missing ones being 1: a size of 1 gives way to the other. */
#define TC_BROADCAST_ARGS(TYPE)                   \
    int32_t i = p->first;                         \
    int32_t j = p->second;                        \
    for (int32_t k = i > j ? i : j; k > 0; --k) { \
        const TYPE one = i > 0 ? a[--i] : 1;      \
        const TYPE other = j > 0 ? b[--j] : 1;    \
        out[k - 1] = one == 1 ? other : one;      \
    }

#endif

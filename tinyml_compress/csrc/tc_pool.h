/* Parameters of pools. */
#ifndef TC_POOL_H
#define TC_POOL_H

#include "tc_bounded.h"
#include "tc_requant.h"

/* Part of a window that lies inside the image: `*first` to `*last` (exclusive) along one axis. */
static TC_INLINE void tc_pool_span(int32_t at, int32_t stride, int32_t pad, int32_t kernel, int32_t size,
                                   int32_t *first, int32_t *last) {
    const int32_t start = at * stride - pad;
    const int32_t end = start + kernel;
    *first = start < 0 ? 0 : start;
    *last = end > size ? size : end;
}

#endif

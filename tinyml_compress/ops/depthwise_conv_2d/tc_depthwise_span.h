/* Where a depthwise convolution's window meets the image. */
#ifndef TC_DEPTHWISE_SPAN_H
#define TC_DEPTHWISE_SPAN_H

#include "tc_base.h"

/* Taps inside the image along one axis: from `*first`, `*count` of them. */
static TC_INLINE void tc_depthwise_span(int32_t start, int32_t kernel, int32_t dilation, int32_t size, int32_t *first,
                                        int32_t *count) {
    int32_t low = 0;
    int32_t high = kernel;
    while (low < high && start + low * dilation < 0) {
        low++;
    }
    while (high > low && start + (high - 1) * dilation >= size) {
        high--;
    }
    *first = low;
    *count = high - low;
}

#endif

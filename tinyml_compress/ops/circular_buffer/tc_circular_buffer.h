/* The last frames of a stream, the newest at the end, and how many have come since the last full stride. */
#ifndef TC_CIRCULAR_BUFFER_H
#define TC_CIRCULAR_BUFFER_H

#include "tc_base.h"

/* Takes a frame in; 0 when the stride is full, else 1. */
static TC_INLINE int tc_circular_buffer_take(const tc_circular_buffer_params *p, const int8_t *in, int32_t *come,
                                             int8_t *frames) {
    for (int32_t i = 0; i < p->kept; i++) {
        frames[i] = frames[i + p->frame];
    }
    TC_MEMCPY(frames + p->kept, in, (size_t)p->frame);
    *come = *come + 1 < p->cycles ? *come + 1 : 0;
    return *come != 0;
}

#endif

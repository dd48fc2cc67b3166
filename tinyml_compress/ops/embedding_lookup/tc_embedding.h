/* Rows of a table picked by index. */
#ifndef TC_EMBEDDING_H
#define TC_EMBEDDING_H

#include "tc_base.h"

/* An index is a run-time value, so one that is outside is clamped. */
static TC_INLINE int32_t tc_embedding_row(const tc_embedding_params *p, int32_t index) {
    return (index < 0 ? 0 : (index >= p->rows ? p->rows - 1 : index)) * p->bytes;
}

#endif

/* Integer quotients that are defined for every input. */
#ifndef TC_DIV_H
#define TC_DIV_H

#include "tc_broadcast.h"

/* Toward zero; by zero it is 0, and INT32_MIN / -1 wraps, as Arm's divide instruction has it. */
static TC_INLINE int32_t tc_s32_quotient(int32_t x, int32_t y) {
    if (y == 0) {
        return 0;
    }
    return y == -1 ? (int32_t)(0u - (uint32_t)x) : x / y;
}

#endif

/* Floats within the bounds of a fused activation. */
#ifndef TC_BOUNDED_H
#define TC_BOUNDED_H

#include "tc_base.h"

/* What is not a number stays so. */
static TC_INLINE float tc_f32_bounded(float x, float low, float high) {
    const float raised = x < low ? low : x;
    return high < raised ? high : raised;
}

#endif

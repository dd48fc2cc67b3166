/* The inner loop at stride 2. */
#ifndef TC_DEPTHWISE_LINES_2_H
#define TC_DEPTHWISE_LINES_2_H

#include "tc_depthwise_3x3.h"

TC_DEPTHWISE_LINES(tc_depthwise_lines_2, TC_DEPTHWISE_PAIRS, 2, 0)

#endif

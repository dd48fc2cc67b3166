/* The inner loop at stride 1. */
#ifndef TC_DEPTHWISE_LINES_1_H
#define TC_DEPTHWISE_LINES_1_H

#include "tc_depthwise_3x3.h"

TC_DEPTHWISE_LINES(tc_depthwise_lines_1, TC_DEPTHWISE_FOURS, 1, 0)

#endif

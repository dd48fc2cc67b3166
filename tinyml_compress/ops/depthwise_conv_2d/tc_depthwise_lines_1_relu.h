/* The inner loop at stride 1, for outputs whose zero point is -128. */
#ifndef TC_DEPTHWISE_LINES_1_RELU_H
#define TC_DEPTHWISE_LINES_1_RELU_H

#include "tc_depthwise_3x3.h"

TC_DEPTHWISE_LINES(tc_depthwise_lines_1_relu, TC_DEPTHWISE_FOURS_RELU, 1, 1)

#endif

/* The inner loop at stride 2, for outputs whose zero point is -128. */
#ifndef TC_DEPTHWISE_LINES_2_RELU_H
#define TC_DEPTHWISE_LINES_2_RELU_H

#include "tc_depthwise_3x3.h"

TC_DEPTHWISE_LINES(tc_depthwise_lines_2_relu, TC_DEPTHWISE_PAIRS_RELU, 2, 1)

#endif

/* The block by four channels for outputs whose zero point is -128. */
#ifndef TC_CONV_QUADS_RELU_H
#define TC_CONV_QUADS_RELU_H

#include "tc_conv_quads.h"

TC_CONV_QUADS(tc_conv_quads_relu, tc_conv_two_relu, TC_CONV_QUADS_FINISH_RELU)

#endif

/* The block for outputs whose zero point is -128. */
#ifndef TC_CONV_BLOCK_RELU_H
#define TC_CONV_BLOCK_RELU_H

#include "tc_conv_block.h"

TC_CONV_BLOCK(tc_conv_block_relu, TC_CONV_FINISH_RELU)

#endif

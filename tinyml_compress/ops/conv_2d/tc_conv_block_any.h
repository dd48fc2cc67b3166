/* The block for any zero point. */
#ifndef TC_CONV_BLOCK_ANY_H
#define TC_CONV_BLOCK_ANY_H

#include "tc_conv_block.h"

TC_CONV_BLOCK(tc_conv_block_any, TC_CONV_FINISH)

#endif

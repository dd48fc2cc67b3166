/* The block by four channels whose sums are scaled, for outputs whose zero point is -128. */
#ifndef TC_CONV_QUADS_SCALED_H
#define TC_CONV_QUADS_SCALED_H

#include "tc_conv_quads.h"

TC_CONV_QUADS(tc_conv_quads_scaled, tc_conv_two_scaled, TC_CONV_QUADS_SCALE, TC_CONV_QUADS_END_SCALED,
              tc_conv_quads_take_scaled)

#endif

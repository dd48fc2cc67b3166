/* The block by four channels for any zero point. */
#ifndef TC_CONV_QUADS_ANY_H
#define TC_CONV_QUADS_ANY_H

#include "tc_conv_quads.h"

TC_CONV_QUADS(tc_conv_quads_any, tc_conv_two_any, TC_CONV_QUADS_FINISH, TC_CONV_QUADS_END, tc_conv_quads_take)

#endif

/* Parameters of float convolutions, and the end of every float product. A product and its sum stand in statements of
 * their own: compilers must not contract them, or the bits would depend on the core. */
#ifndef TC_CONV_F32_H
#define TC_CONV_F32_H

#include "tc_bounded.h"

#endif

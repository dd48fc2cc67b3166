/* Depthwise convolution of int8 by packed int4 plane by plane, for any kernel. */
#include "tc_depthwise_plane_any.h"

TC_KERNEL void tc_s8_depthwise_conv_2d_s4_plane__dsp(const tc_s8_depthwise_plane *p, const int8_t *in, int8_t *out,
                                                     void *scratch) {
    tc_plane_any(p, in, out, scratch, 1);
}

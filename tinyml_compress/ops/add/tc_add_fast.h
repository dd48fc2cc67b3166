/* The int8 sum on cores with DSP instructions. The input of the larger scale (the wide one) only has to be shifted;
 * the other (the fine one) is scaled first. Exact under conditions that the generator checks. */
#ifndef TC_ADD_FAST_H
#define TC_ADD_FAST_H

#include "tc_dsp.h"

#endif

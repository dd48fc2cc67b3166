/* SVDF of int8 that keeps int8. */
#include "tc_svdf.h"

TC_KERNEL void tc_s8_svdf__c(const tc_s8_svdf_params *p, const int8_t *in, int8_t *state, int8_t *out) {
    TC_SVDF(int8_t, -128, 127)
}

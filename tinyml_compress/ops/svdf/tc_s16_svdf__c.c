/* SVDF of int8 that keeps int16. */
#include "tc_svdf.h"

TC_KERNEL void tc_s16_svdf__c(const tc_s16_svdf_params *p, const int8_t *in, int16_t *state, int8_t *out) {
    TC_SVDF(int16_t, -32768, 32767)
}

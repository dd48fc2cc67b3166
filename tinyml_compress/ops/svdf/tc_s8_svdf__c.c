/* SVDF of int8 that keeps int8. */
#include "tc_svdf.h"

typedef struct {
    int32_t batch;
    int32_t in_c;
    int32_t units;
    int32_t rank;
    int32_t memory;
    int32_t multiplier1;
    int32_t shift1;
    int32_t state_zero;
    int32_t multiplier2;
    int32_t shift2;
    int32_t out_zero;
    const int8_t *feature;
    const int8_t *time;
    const int32_t *start; /* minus the input's zero point times the sum of the filter's weights */
    const int32_t *bias;  /* the state's zero point folded in, in the same way */
} tc_s8_svdf_params;

TC_KERNEL void tc_s8_svdf__c(const tc_s8_svdf_params *p, const int8_t *in, int8_t *state, int8_t *out) {
    TC_SVDF(int8_t, -128, 127)
}

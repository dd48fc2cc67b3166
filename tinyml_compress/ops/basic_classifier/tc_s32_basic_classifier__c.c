/* Scores of some classes, and which of them reach their thresholds. */
#include "tc_base.h"

TC_KERNEL void tc_s32_basic_classifier__c(const tc_basic_classifier_params *p, const int32_t *in,
                                          const int32_t *classes, const int32_t *thresholds, uint8_t *detected,
                                          int32_t *scores) {
    for (int32_t i = 0; i < p->targets; ++i) {
        const int32_t score = in[classes[i]];
        detected[i] = score >= thresholds[i] ? 1 : 0;
        scores[i] = score;
    }
}

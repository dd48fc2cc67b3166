/* The common shape of two shapes of int32. */
#include "tc_broadcast_args.h"

TC_KERNEL void tc_s32_broadcast_args__c(const tc_broadcast_args_params *p, const int32_t *a, const int32_t *b,
                                        int32_t *out) {
    TC_BROADCAST_ARGS(int32_t)
}

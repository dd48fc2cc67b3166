/* The common shape of two shapes of int64. */
#include "tc_broadcast_args.h"

TC_KERNEL void tc_s64_broadcast_args__c(const tc_broadcast_args_params *p, const int64_t *a, const int64_t *b,
                                        int64_t *out) {
    TC_BROADCAST_ARGS(int64_t)
}

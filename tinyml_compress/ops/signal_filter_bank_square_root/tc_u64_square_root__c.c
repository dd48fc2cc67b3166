/* Integer square roots, rounded to the nearest. */
#include "tc_base.h"
#include "tc_bits.h"

/* The root, bit by bit. Numbers of 32 bits have roots of 16 bits, even where rounding would give one more. */
static TC_NOINLINE uint32_t tc_rounded_root(uint64_t x) {
    const uint32_t high = (uint32_t)(x >> 32);
    const int32_t zeros = high != 0u ? tc_leading_zeros(high) : 32 + tc_leading_zeros((uint32_t)x);
    uint64_t root = 0;
    if (zeros == 64) {
        return 0;
    }
    for (uint64_t bit = (uint64_t)1 << ((63 - zeros) & ~1); bit != 0u; bit >>= 2) {
        const uint64_t with = root + bit;
        root >>= 1;
        if (x >= with) {
            x -= with;
            root += bit;
        }
    }
    const uint64_t most = high != 0u ? 0xffffffffu : 0xffffu;
    return (uint32_t)(x > root && root != most ? root + 1u : root);
}

TC_KERNEL void tc_u64_square_root__c(const tc_count_params *p, const uint64_t *in, const int32_t *bits, uint32_t *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = tc_rounded_root(in[i]) >> (*bits & 31);
    }
}

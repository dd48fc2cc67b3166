/* Quotient of two int8 tensors, either of which may be broadcast. */
#include "tc_broadcast.h"
#include "tc_reciprocal.h"

/* `x` over `y` in output steps: by the reciprocal of y, with all bits that x leaves free. By zero it is 0, as is what a
 * shift moves out of its word. */
static TC_INLINE int32_t tc_s8_quotient(const tc_s8_div_params *p, int32_t x, int32_t y) {
    if (y == 0) {
        return 0;
    }
    const int32_t dividend = y < 0 ? -x : x;
    const uint32_t divisor = (uint32_t)(y < 0 ? -y : y);
    const int32_t zeros = tc_leading_zeros(divisor);
    const int32_t inverse = tc_reciprocal_of_one_plus((int32_t)((divisor << zeros) - 0x80000000u));
    const uint32_t lead = dividend < 0 ? 2u * (uint32_t)-dividend - 1u : (uint32_t)dividend;
    const int32_t headroom = tc_leading_zeros(lead) - (dividend < 0 ? 0 : 1);
    TC_KNOWN(zeros < 32 && headroom < 32); /* below zero, `lead` is at least 1 */
    const int32_t quotient = tc_high_mul((int32_t)((uint32_t)dividend << headroom), inverse);
    const int32_t shift = 31 - zeros + headroom - p->shift;
    return shift > 31 ? 0 : tc_rounding_shift_right(tc_high_mul(quotient, p->multiplier), (int)shift);
}

static TC_INLINE int8_t tc_s8_div(const tc_s8_div_params *p, int32_t x, int32_t y) {
    const int32_t quotient = tc_s8_quotient(p, x - p->zero_point1, y - p->zero_point2);
    return (int8_t)tc_clamp(tc_add(quotient, p->zero_point), p->low, p->high);
}

TC_KERNEL void tc_s8_div_broadcast__c(const tc_s8_div_params *p, const int8_t *in1, const int8_t *in2, int8_t *out) {
    TC_BROADCAST(int8_t, int8_t, tc_s8_div(p, x, y));
}

/* Logarithm of the softmax over the last axis, int8. Output may lie over input. */
#include "tc_softmax.h"

/* x * 2^bits, saturated. */
static TC_INLINE int32_t tc_grown(int32_t x, int32_t bits) {
    const int32_t limit = (int32_t)(((uint32_t)1 << (31 - bits)) - 1u);
    return x > limit ? INT32_MAX : (x < -limit ? INT32_MIN : (int32_t)((uint32_t)x << bits));
}

/* Natural logarithm of a Q12.19 number from 1 on, as Q5.26. The number is 2^power * r with r in about [0.6, 1.2),
 * reached either directly or by way of its product with sqrt(1/2); log(r) is a ratio of polynomials. */
static TC_NOINLINE int32_t tc_log_of_sum(int32_t sum) {
    const int32_t half_root = 1518500250;    /* sqrt(1/2) in Q0.31 */
    const int32_t quarter_root = 1805811301; /* its square root */
    const int32_t zeros = tc_leading_zeros((uint32_t)sum);
    const int32_t first = tc_grown(tc_high_mul(tc_grown(sum, zeros - 1), half_root), 1);
    const int32_t first_power = ((12 - zeros) << 25) + (1 << 23); /* Q6.25 */
    const int32_t room = tc_leading_zeros((uint32_t)tc_high_mul(sum, half_root)) - 1;
    const int32_t second = tc_grown(sum, room);
    const int32_t second_power = ((12 - room) << 25) - (1 << 23);
    const int32_t r = first < second ? first : second;
    const int32_t power = first_power > second_power ? first_power : second_power;
    const int32_t middle = (int32_t)(((int64_t)r + quarter_root + 1) / 2);
    const int32_t q = 2 * (r - quarter_root);
    const int32_t square = tc_high_mul(q, q);
    const int32_t top = tc_high_mul(q, r) + tc_high_mul(tc_high_mul(q, square), 117049297);
    const int32_t bottom =
        tc_high_mul(middle, tc_add(tc_add(1057819769, q), tc_high_mul(127690142, square))) + tc_high_mul(638450708, q);
    const int32_t ratio = tc_high_mul(tc_rounding_shift_right(top, 6), tc_reciprocal_of_one_plus(bottom));
    return tc_grown(tc_high_mul(power, 1488522236) + ratio, 1); /* log(2) */
}

TC_KERNEL void tc_s8_log_softmax__c(const tc_s8_log_softmax *p, const int8_t *in, int8_t *out) {
    const tc_s8_softmax exponentials = {p->rows, p->depth, p->entries, p->exponentials};
    for (int32_t r = 0; r < p->rows; r++, in += p->depth, out += p->depth) {
        int32_t most;
        const int32_t log_sum = tc_log_of_sum(tc_softmax_sum(&exponentials, in, &most));
        const int32_t reach = tc_requantize(tc_add(log_sum, INT32_MIN), p->back_multiplier, p->back_shift);
        const int32_t smallest = reach > p->smallest ? reach : p->smallest;
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t difference = in[i] - most;
            int32_t value = -128;
            if (difference > smallest) {
                const int32_t scaled = tc_requantize(difference, p->multiplier, p->shift);
                value = 127 + tc_rounding_shift_right(tc_add(scaled, -log_sum), 22);
            }
            out[i] = (int8_t)tc_clamp(value, -128, 127);
        }
    }
}

/* Helium: whole numbers that become wider or narrower. */
#include "core_vector.h"

/* Wider results: of every second lane, from the first on, or from the second on (`TOP`). */

enum { MULL, MULLP, QDMULL, MOVL, SHLL };

static uint64_t polynomial(uint64_t a, uint64_t b) {
    uint64_t result = 0;
    for (uint32_t i = 0; i < 16u; i++) {
        result ^= b >> i & 1u ? a << i : 0u;
    }
    return result;
}

static void widen(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, is_unsigned = step->flags & IS_UNSIGNED;
    const uint32_t width = 2u << size, top = step->flags & TOP ? 1u : 0u;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m & 7u);
    uint8_t scalar[4], result[BYTES];
    __builtin_memcpy(scalar, &core->r[step->a], 4);
    for (uint32_t i = 0; i < BYTES / width; i++) {
        const int64_t b = step->flags & BY_SCALAR ? tc_lane(scalar, size, 0, is_unsigned)
                                                  : tc_lane(m, size, 2u * i + top, is_unsigned);
        const int64_t a = tc_lane(n, size, 2u * i + top, is_unsigned);
        uint32_t saturated = 0;
        int64_t value;
        switch (step->kind) {
        case MULL:
            value = (int64_t)((uint64_t)a * (uint64_t)b);
            break;
        case MULLP:
            value = (int64_t)polynomial((uint64_t)a, (uint64_t)b);
            break;
        case QDMULL: {
            const int64_t most = -((int64_t)1 << ((8u << size) - 1u));
            saturated = a == most && b == most;
            value = saturated ? 2 * (a * b - 1) + 1 : 2 * a * b;
            break;
        }
        case MOVL:
            value = b;
            break;
        default:
            value = b * ((int64_t)1 << step->amount);
        }
        if (width == 8u) {
            __builtin_memcpy(result + 8u * i, &value, 8);
        } else {
            tc_put_lane(result, size + 1u, i, value);
        }
        if (saturated && (active >> i * width & 1u || (width == 8u && active >> (i * width + 4u) & 1u))) {
            core->float_flags |= QC;
        }
    }
    tc_finish(core, step->d, result, active);
}

/* Narrower results, into every second lane; the others keep what they hold. */

enum { SIGNED_TO_UNSIGNED = 128 };

static void narrow(tc_core *core, const tc_step *step) {
    const uint32_t size = step->size, width = 1u << size, top = step->flags & TOP ? 1u : 0u, all = tc_active(core);
    const uint32_t is_unsigned = step->flags & IS_UNSIGNED,
                   to_unsigned = is_unsigned || step->flags & SIGNED_TO_UNSIGNED;
    const uint8_t *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    uint32_t active = 0;
    __builtin_memcpy(result, tc_q(core, step->d), BYTES);
    for (uint32_t i = 0; i < BYTES / (2u * width); i++) {
        const uint32_t place = 2u * i + top, here = all >> place * width & ((1u << width) - 1u);
        uint32_t saturated = 0;
        int64_t value = tc_lane(m, size + 1u, i, is_unsigned);
        if (step->amount != 0u) {
            value = (value + (step->flags & ROUNDS ? (int64_t)1 << (step->amount - 1u) : 0)) >> step->amount;
        }
        if (step->flags & SATURATES) {
            value = tc_clipped(value, size, to_unsigned, &saturated);
        }
        tc_put_lane(result, size, place, value);
        active |= here << place * width;
        core->float_flags |= saturated & here & 1u ? QC : 0u;
    }
    tc_finish(core, step->d, result, active);
}

#define OF_TWO_ANY 0xEFC11FF1u
#define OF_TWO_SIZED 0xFFF11FF1u
#define BY_REGISTER_SIZED 0xFFF11FF0u
#define OF_ONE 0xFFF31FF1u

static const tc_row ROWS[] = {
    {OF_TWO_SIZED, 0xEE310E00, widen, MULLP, 0, IS_UNSIGNED},
    {OF_TWO_SIZED, 0xEE311E00, widen, MULLP, 0, IS_UNSIGNED | TOP},
    {OF_TWO_SIZED, 0xFE310E00, widen, MULLP, 1, IS_UNSIGNED},
    {OF_TWO_SIZED, 0xFE311E00, widen, MULLP, 1, IS_UNSIGNED | TOP},
    {OF_TWO_ANY, 0xEE010E00, widen, MULL, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEE011E00, widen, MULL, SIZE_AT_20, TOP},
    {OF_TWO_SIZED, 0xEE300F01, widen, QDMULL, 1, 0},
    {OF_TWO_SIZED, 0xEE301F01, widen, QDMULL, 1, TOP},
    {OF_TWO_SIZED, 0xFE300F01, widen, QDMULL, 2, 0},
    {OF_TWO_SIZED, 0xFE301F01, widen, QDMULL, 2, TOP},
    {BY_REGISTER_SIZED, 0xEE300F60, widen, QDMULL, 1, BY_SCALAR},
    {BY_REGISTER_SIZED, 0xEE301F60, widen, QDMULL, 1, BY_SCALAR | TOP},
    {BY_REGISTER_SIZED, 0xFE300F60, widen, QDMULL, 2, BY_SCALAR},
    {BY_REGISTER_SIZED, 0xFE301F60, widen, QDMULL, 2, BY_SCALAR | TOP},
    {OF_ONE, 0xFE310E81, narrow, 0, SIZE_AT_18, 0},
    {OF_ONE, 0xFE311E81, narrow, 0, SIZE_AT_18, TOP},
    {OF_ONE, 0xEE330E01, narrow, 0, SIZE_AT_18, SATURATES},
    {OF_ONE, 0xEE331E01, narrow, 0, SIZE_AT_18, SATURATES | TOP},
    {OF_ONE, 0xFE330E01, narrow, 0, SIZE_AT_18, SATURATES | IS_UNSIGNED},
    {OF_ONE, 0xFE331E01, narrow, 0, SIZE_AT_18, SATURATES | IS_UNSIGNED | TOP},
    {OF_ONE, 0xEE310E81, narrow, 0, SIZE_AT_18, SATURATES | SIGNED_TO_UNSIGNED},
    {OF_ONE, 0xEE311E81, narrow, 0, SIZE_AT_18, SATURATES | SIGNED_TO_UNSIGNED | TOP},
    {0xEFF31FF1, 0xEE310E01, widen, SHLL, SIZE_AT_18, 0},
    {0xEFF31FF1, 0xEE311E01, widen, SHLL, SIZE_AT_18, TOP},
};

static int shift_to_another_size(tc_step *step, uint32_t word) {
    const uint32_t imm = tc_bits(word, 16, 5), is_other = tc_bits(word, 28, 1), last = word & 1u,
                   high = tc_bits(word, 7, 1);
    if ((word & 0xEFC00F70u) != 0xEE800F40u || imm < 8u) {
        return 0;
    }
    step->size = imm >= 16u;
    step->flags = (uint8_t)(word & 0x1000u ? TOP : 0u);
    if (word & 0x00200000u) {
        step->amount = (uint8_t)(imm - (8u << step->size));
        step->kind = SHLL;
        step->flags |= is_other ? IS_UNSIGNED : 0u;
        step->run = widen;
        return !last && !high;
    }
    step->amount = (uint8_t)((16u << step->size) - imm);
    step->run = narrow;
    if (high && last) {
        step->flags |= is_other ? ROUNDS : 0u;
    } else if (high) {
        step->flags |= SATURATES | SIGNED_TO_UNSIGNED | (is_other ? ROUNDS : 0u);
    } else {
        step->flags |= SATURATES | (is_other ? IS_UNSIGNED : 0u) | (last ? ROUNDS : 0u);
    }
    return 1;
}

int tc_decode_widths(tc_step *step, uint32_t word) {
    if (shift_to_another_size(step, word)) {
        return 1;
    }
    if (!tc_find_row(step, word, ROWS, sizeof ROWS / sizeof *ROWS)) {
        return 0;
    }
    if (step->run == widen && step->kind == SHLL) {
        step->amount = (uint8_t)(8u << step->size);
    }
    return 1;
}

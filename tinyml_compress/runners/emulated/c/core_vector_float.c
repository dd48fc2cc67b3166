/* Helium: halves and singles, lane by lane. NaNs become the default one; subnormal singles count as zero. */
#include "core_vector.h"

#include "core_number.h"

enum { ADD, SUB, MUL, FMA, FMS, ABD, MAXNM, MINNM, FMAS, ABS, NEG, MAXNMA, MINNMA, CONVERTS };

static inline tc_format format_of(const tc_step *step) {
    return step->size == 1u ? TC_HALF : TC_SINGLE;
}

static inline uint32_t get(const uint8_t *q, uint32_t size, uint32_t index) {
    return (uint32_t)tc_lane(q, size, index, 1);
}

static inline uint32_t flushed(tc_format format, uint32_t bits) {
    return format.width == 32u && !(bits & 0x7F800000u) ? bits & 0x80000000u : bits;
}

/* Singles between zero and the least normal one become zero before they are rounded. */
static inline uint32_t rounded(tc_format format, double value) {
    const double least = 1.1754943508222875e-38;
    if (value != value) {
        return (uint32_t)tc_default_nan(format);
    }
    if (format.width == 32u && value < least && value > -least) {
        return (uint32_t)(tc_double_bits(value) >> 63) << 31;
    }
    return (uint32_t)tc_rounded_to(format, value);
}

static inline int is_nan(tc_format format, uint32_t bits) {
    return tc_is_nan(format, bits);
}

/* c + ab rounded once, as tc_fused, but with what this unit makes of subnormal numbers and NaNs. */
static uint32_t fused(tc_format format, uint32_t c, uint32_t a, uint32_t b) {
    if (is_nan(format, a) || is_nan(format, b) || is_nan(format, c)) {
        return (uint32_t)tc_default_nan(format);
    }
    const uint32_t x = flushed(format, a), y = flushed(format, b), z = flushed(format, c);
    return rounded(format, tc_fused_double(format, z, x, y));
}

static uint32_t quiet(tc_format format, uint32_t bits) {
    return is_nan(format, bits) ? (uint32_t)tc_quiet(format, bits) : bits;
}

static uint32_t extreme(tc_format format, int is_minimum, uint32_t a, uint32_t b) {
    const uint32_t x = flushed(format, a), y = flushed(format, b);
    const uint32_t result = (uint32_t)tc_extreme(format, is_minimum, x, y);
    return is_nan(format, result) ? (uint32_t)tc_default_nan(format) : result;
}

static uint32_t computed(tc_format format, uint32_t kind, uint32_t a, uint32_t b, uint32_t d) {
    const uint32_t sign = (uint32_t)tc_sign_of(format), x = flushed(format, a), y = flushed(format, b);
    switch (kind) {
    case ADD:
        return rounded(format, tc_number(format, x) + tc_number(format, y));
    case SUB:
        return rounded(format, tc_number(format, x) - tc_number(format, y));
    case MUL:
        return rounded(format, tc_number(format, x) * tc_number(format, y));
    case ABD:
        return rounded(format, tc_number(format, x) - tc_number(format, y)) & ~sign;
    case FMA:
        return fused(format, d, a, b);
    case FMS:
        return fused(format, d, a ^ sign, b);
    case FMAS:
        return fused(format, b, a, d);
    case ABS:
        return b & ~sign;
    case NEG:
        return b ^ sign;
    case MAXNM:
    case MINNM:
        return extreme(format, kind == MINNM, a, b);
    default:
        return extreme(format, kind == MINNMA, d & ~sign, b & ~sign);
    }
}

static void lanes(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint32_t active = tc_active(core), size = step->size;
    const uint8_t *n = tc_q(core, step->n & 7u), *m = tc_q(core, step->m & 7u), *d = tc_q(core, step->d);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES >> size; i++) {
        const uint32_t b = step->flags & BY_SCALAR ? core->r[step->a] & (size == 1u ? 0xFFFFu : ~0u) : get(m, size, i);
        tc_put_lane(result, size, i, computed(format, step->kind, get(n, size, i), b, get(d, size, i)));
    }
    tc_finish(core, step->d, result, active);
}

/* `kind`: how to round. */
static void round_whole(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint32_t active = tc_active(core), size = step->size;
    const uint8_t *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES >> size; i++) {
        const uint32_t bits = get(m, size, i);
        const double whole = tc_whole(tc_number(format, flushed(format, bits)), step->kind);
        tc_put_lane(result, size, i,
                    is_nan(format, bits) ? (int64_t)tc_default_nan(format) : (int64_t)rounded(format, whole));
    }
    tc_finish(core, step->d, result, active);
}

/* `amount`: bits behind the point. */
static void to_integer(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint32_t active = tc_active(core), size = step->size, is_signed = !(step->flags & IS_UNSIGNED);
    const double scale = tc_double((uint64_t)(1023u + step->amount) << 52);
    const uint8_t *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES >> size; i++) {
        const double value = tc_number(format, flushed(format, get(m, size, i))) * scale;
        tc_put_lane(result, size, i, (int64_t)tc_to_integer(value, step->kind, 8u << size, (int)is_signed));
    }
    tc_finish(core, step->d, result, active);
}

static void from_integer(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint32_t active = tc_active(core), size = step->size;
    const double scale = tc_double((uint64_t)(1023u - step->amount) << 52);
    const uint8_t *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES >> size; i++) {
        const double value = (double)tc_lane(m, size, i, step->flags & IS_UNSIGNED) * scale;
        tc_put_lane(result, size, i, rounded(format, value));
    }
    tc_finish(core, step->d, result, active);
}

static void to_half(tc_core *core, const tc_step *step) {
    const uint32_t all = tc_active(core), top = step->flags & TOP ? 1u : 0u;
    const uint8_t *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    uint32_t active = 0;
    __builtin_memcpy(result, tc_q(core, step->d), BYTES);
    for (uint32_t i = 0; i < 4u; i++) {
        const uint32_t place = 2u * i + top;
        tc_put_lane(result, 1, place, rounded(TC_HALF, tc_float(flushed(TC_SINGLE, get(m, 2, i)))));
        active |= (all >> 2u * place & 3u) << 2u * place;
    }
    tc_finish(core, step->d, result, active);
}

static void from_half(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), top = step->flags & TOP ? 1u : 0u;
    const uint8_t *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < 4u; i++) {
        tc_put_lane(result, 2, i, rounded(TC_SINGLE, tc_from_half(get(m, 1, 2u * i + top))));
    }
    tc_finish(core, step->d, result, active);
}

/* As for whole numbers; where one is no number, what is not "less" is "greater or equal" only by its opposite. */
static void compare(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint32_t active = tc_active(core), size = step->size, width = 1u << size;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m & 7u);
    uint32_t bits = 0;
    for (uint32_t i = 0; i < BYTES / width; i++) {
        const uint32_t scalar = step->a == PC ? 0u : core->r[step->a] & (size == 1u ? 0xFFFFu : ~0u);
        const double a = tc_number(format, flushed(format, get(n, size, i)));
        const double b = tc_number(format, flushed(format, step->flags & BY_SCALAR ? scalar : get(m, size, i)));
        const int is_true = step->kind < 2u ? a == b : step->kind < 6u ? a >= b : a > b;
        bits |= (is_true != (int)(step->kind & 1u) ? (1u << width) - 1u : 0u) << i * width;
    }
    core->vpr = (core->vpr & ~0xFFFFu) | (bits & active);
    tc_advance(core);
    if (step->amount) {
        core->vpr = (core->vpr & ~0xFF0000u) | (uint32_t)step->amount << 16 | (uint32_t)step->amount << 20;
    }
}

/* `kind`: bit 0: the least, bit 1: of magnitudes. */
static void reduce(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint32_t active = tc_active(core), size = step->size, sign = (uint32_t)tc_sign_of(format);
    const uint8_t *m = tc_q(core, step->m);
    uint32_t best = core->r[step->n] & (size == 1u ? 0xFFFFu : ~0u);
    for (uint32_t i = 0; i < BYTES >> size; i++) {
        const uint32_t value = step->kind & 2u ? get(m, size, i) & ~sign : get(m, size, i);
        if (active >> (i << size) & 1u) {
            best = extreme(format, step->kind & 1u, quiet(format, best), quiet(format, value));
        }
    }
    core->r[step->n] = best;
    tc_advance(core);
}

/* Complex numbers: the lane pairs. `amount`: quarters of a turn of the second. */
static void complex_lanes(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint32_t active = tc_active(core), size = step->size, sign = (uint32_t)tc_sign_of(format),
                   turn = step->amount;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m), *d = tc_q(core, step->d);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES >> size; i++) {
        const uint32_t odd = i & 1u, even_lane = i & ~1u;
        uint32_t value;
        if (step->kind == ADD) {
            const uint32_t b = get(m, size, i ^ 1u);
            value = computed(format, (turn == 1u) == (odd == 0u) ? SUB : ADD, get(n, size, i), b, 0);
        } else {
            const uint32_t a = get(n, size, even_lane + (turn & 1u));
            uint32_t b = get(m, size, turn & 1u ? i ^ 1u : i);
            const int is_minus = turn == 2u || (turn == 1u && !odd) || (turn == 3u && odd);
            b = is_minus ? b ^ sign : b;
            value = step->kind == MUL ? computed(format, MUL, a, b, 0) : fused(format, get(d, size, i), a, b);
        }
        tc_put_lane(result, size, i, value);
    }
    tc_finish(core, step->d, result, active);
}

#define OF_TWO 0xFFF11FF1u
#define BY_REGISTER 0xEFF11FF0u

/* Where the sign bit of an encoding is open here, it tells halves from singles. */
static const tc_row ROWS[] = {
    {OF_TWO, 0xEF000D40, lanes, ADD, 2, 0},
    {OF_TWO, 0xEF100D40, lanes, ADD, 1, 0},
    {OF_TWO, 0xEF200D40, lanes, SUB, 2, 0},
    {OF_TWO, 0xEF300D40, lanes, SUB, 1, 0},
    {OF_TWO, 0xFF000D50, lanes, MUL, 2, 0},
    {OF_TWO, 0xFF100D50, lanes, MUL, 1, 0},
    {OF_TWO, 0xEF000C50, lanes, FMA, 2, 0},
    {OF_TWO, 0xEF100C50, lanes, FMA, 1, 0},
    {OF_TWO, 0xEF200C50, lanes, FMS, 2, 0},
    {OF_TWO, 0xEF300C50, lanes, FMS, 1, 0},
    {OF_TWO, 0xFF200D40, lanes, ABD, 2, 0},
    {OF_TWO, 0xFF300D40, lanes, ABD, 1, 0},
    {OF_TWO, 0xFF000F50, lanes, MAXNM, 2, 0},
    {OF_TWO, 0xFF100F50, lanes, MAXNM, 1, 0},
    {OF_TWO, 0xFF200F50, lanes, MINNM, 2, 0},
    {OF_TWO, 0xFF300F50, lanes, MINNM, 1, 0},
    {BY_REGISTER, 0xEE300F40, lanes, ADD, 0, BY_SCALAR},
    {BY_REGISTER, 0xEE301F40, lanes, SUB, 0, BY_SCALAR},
    {BY_REGISTER, 0xEE310E60, lanes, MUL, 0, BY_SCALAR},
    {BY_REGISTER, 0xEE310E40, lanes, FMA, 0, BY_SCALAR},
    {BY_REGISTER, 0xEE311E40, lanes, FMAS, 0, BY_SCALAR},
    {0xFFF31FF1, 0xFFB10740, lanes, ABS, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB107C0, lanes, NEG, SIZE_AT_18, 0},
    {0xEFFF1FF1, 0xEE3F0E81, lanes, MAXNMA, 0, 0},
    {0xEFFF1FF1, 0xEE3F1E81, lanes, MINNMA, 0, 0},
    {0xFFF31FF1, 0xFFB20440, round_whole, TC_EVEN, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB204C0, round_whole, TC_EVEN, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB20540, round_whole, TC_AWAY, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB205C0, round_whole, TC_ZERO, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB206C0, round_whole, TC_DOWN, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB207C0, round_whole, TC_UP, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB30640, from_integer, 0, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB306C0, from_integer, 0, SIZE_AT_18, IS_UNSIGNED},
    {0xFFF31FF1, 0xFFB30740, to_integer, TC_ZERO, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB307C0, to_integer, TC_ZERO, SIZE_AT_18, IS_UNSIGNED},
    {0xFFF31FF1, 0xFFB30040, to_integer, TC_AWAY, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB300C0, to_integer, TC_AWAY, SIZE_AT_18, IS_UNSIGNED},
    {0xFFF31FF1, 0xFFB30140, to_integer, TC_EVEN, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB301C0, to_integer, TC_EVEN, SIZE_AT_18, IS_UNSIGNED},
    {0xFFF31FF1, 0xFFB30240, to_integer, TC_UP, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB302C0, to_integer, TC_UP, SIZE_AT_18, IS_UNSIGNED},
    {0xFFF31FF1, 0xFFB30340, to_integer, TC_DOWN, SIZE_AT_18, 0},
    {0xFFF31FF1, 0xFFB303C0, to_integer, TC_DOWN, SIZE_AT_18, IS_UNSIGNED},
    {0xFFFF1FF1, 0xEE3F0E01, to_half, 0, 1, 0},
    {0xFFFF1FF1, 0xEE3F1E01, to_half, 0, 1, TOP},
    {0xFFFF1FF1, 0xFE3F0E01, from_half, 0, 2, 0},
    {0xFFFF1FF1, 0xFE3F1E01, from_half, 0, 2, TOP},
};

static int fixed_point(tc_step *step, uint32_t word) {
    const uint32_t kind = tc_bits(word, 8, 4), imm = tc_bits(word, 16, 6);
    if ((word & 0xEFC01CF1u) != 0xEF800C50u || imm < 32u || (kind < 14u && imm < 48u)) {
        return 0;
    }
    step->size = kind >= 14u ? 2 : 1;
    step->amount = (uint8_t)(64u - imm);
    step->flags = word & 0x10000000u ? IS_UNSIGNED : 0;
    step->kind = TC_ZERO;
    step->run = kind & 1u ? to_integer : from_integer;
    return 1;
}

static int comparison(tc_step *step, uint32_t word) {
    const int by_scalar = (word & 0x40u) != 0u;
    if ((word & 0xEFB10F10u) != 0xEE310F00u || (!by_scalar && word & 0x20u)) {
        return 0;
    }
    step->kind =
        (uint8_t)(tc_bits(word, 12, 1) << 2 | (by_scalar ? tc_bits(word, 5, 1) : word & 1u) << 1 | tc_bits(word, 7, 1));
    if (step->kind == 2u || step->kind == 3u) {
        return 0;
    }
    step->n = (uint8_t)tc_bits(word, 17, 3);
    step->amount = (uint8_t)(tc_bits(word, 22, 1) << 3 | tc_bits(word, 13, 3));
    step->flags = by_scalar ? BY_SCALAR : 0;
    step->d = 0;
    step->size = word & 0x10000000u ? 1 : 2;
    step->run = compare;
    return 1;
}

static int complex_numbers(tc_step *step, uint32_t word) {
    step->size = (uint8_t)(1u + tc_bits(word, 20, 1));
    step->run = complex_lanes;
    if ((word & 0xFEE11FF1u) == 0xFC800840u) {
        step->kind = ADD;
        step->amount = word & 0x01000000u ? 3 : 1;
        return 1;
    }
    if ((word & 0xFE611FF1u) == 0xFC200840u) {
        step->kind = FMA;
        step->amount = (uint8_t)(tc_bits(word, 24, 1) << 1 | tc_bits(word, 23, 1));
        return 1;
    }
    step->kind = MUL;
    step->size = word & 0x10000000u ? 2 : 1;
    step->amount = (uint8_t)(tc_bits(word, 12, 1) << 1 | (word & 1u));
    return (word & 0xEFF10FF0u) == 0xEE300E00u;
}

int tc_decode_vector_float(tc_step *step, uint32_t word) {
    const uint32_t n = step->n, m = step->m;
    if (comparison(step, word) || fixed_point(step, word)) {
        return 1;
    }
    step->kind = step->flags = step->amount = 0;
    step->n = (uint8_t)n;
    step->m = (uint8_t)m;
    if (tc_find_row(step, word, ROWS, sizeof ROWS / sizeof *ROWS)) {
        if (step->size == 0u) {
            step->size = step->flags & IS_UNSIGNED ? 1 : 2;
        }
        return step->run != lanes || step->size != 0u;
    }
    if ((word & 0xEFFD0F71u) == 0xEEEC0F00u) {
        step->size = word & 0x10000000u ? 1 : 2;
        step->kind = (uint8_t)(tc_bits(word, 7, 1) | (word & 0x20000u ? 0u : 2u));
        step->n = (uint8_t)tc_bits(word, 12, 4);
        step->d = 0;
        step->run = reduce;
        return 1;
    }
    return complex_numbers(step, word);
}

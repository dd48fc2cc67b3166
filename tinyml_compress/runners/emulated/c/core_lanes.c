/* Helium: whole numbers, lane by lane. */
#include "core_vector.h"

enum {
    AND,
    BIC,
    ORR,
    ORN,
    EOR,
    ADD,
    SUB,
    MUL,
    MULH,
    RMULH,
    MAX,
    MIN,
    ABD,
    HADD,
    HSUB,
    RHADD,
    QADD,
    QSUB,
    QDMULH,
    QRDMULH,
    SHL,
    RSHL,
    QSHL,
    QRSHL,
    QSHLU,
    SHR,
    RSHR,
    SRI,
    SLI,
    BRSR,
    MLA,
    MLAS,
    QDMLAH,
    QRDMLAH,
    QDMLASH,
    QRDMLASH,
    CLS,
    CLZ,
    ABS,
    NEG,
    QABS,
    QNEG,
    MVN,
    MAXA,
    MINA,
    DUP,
    REV16,
    REV32,
    REV64
};

/* `by` > 0 to the left. */
static inline int64_t shifted(int64_t value, int32_t by, uint32_t size, uint32_t rounds) {
    const int32_t bits = 8 << size;
    if (by >= bits) {
        return 0;
    }
    if (by >= 0) {
        return (int64_t)((uint64_t)value << by);
    }
    if (-by > bits + 1) {
        return rounds || value >= 0 ? 0 : -1;
    }
    return (value + (rounds ? (int64_t)1 << (-by - 1) : 0)) >> -by;
}

/* Saturated to the size; to an unsigned one if `to_unsigned`. */
static inline int64_t shifted_tc_clipped(int64_t value, int32_t by, uint32_t size, uint32_t rounds,
                                         uint32_t to_unsigned, uint32_t *saturated) {
    if (by >= 8 << size) {
        const int64_t far = (int64_t)1 << 40;
        return tc_clipped(value == 0 ? 0 : value > 0 ? far : -far, size, to_unsigned, saturated);
    }
    return tc_clipped(shifted(value, by, size, rounds), size, to_unsigned, saturated);
}

/* 2ab + base, its upper half; `base` in the place of that half. */
static inline int64_t doubled_high(int64_t a, int64_t b, int64_t base, uint32_t size, uint32_t rounds,
                                   uint32_t *saturated) {
    const uint32_t bits = 8u << size;
    /* Half of everything, so that the products of words fit. */
    int64_t sum = a * b + (base << (bits - 1u));
    sum += rounds ? (int64_t)1 << (bits - 2u) : 0;
    return tc_clipped(sum >> (bits - 1u), size, 0, saturated);
}

static inline int64_t reversed(int64_t value, int64_t count, uint32_t size) {
    const uint32_t bits = 8u << size, kept = (uint32_t)count & 0xFFu;
    const uint32_t all = __builtin_bitreverse32((uint32_t)value) >> (32u - bits);
    if (kept == 0u) {
        return 0;
    }
    return kept >= bits ? all : all >> (bits - kept);
}

static inline int64_t magnitude(int64_t value) {
    return value < 0 ? -value : value;
}

static inline int64_t computed(uint32_t kind, int64_t a, int64_t b, int64_t d, uint32_t size, uint32_t is_unsigned,
                               uint32_t *saturated) {
    const uint32_t bits = 8u << size;
    switch (kind) {
    case AND:
        return a & b;
    case BIC:
        return a & ~b;
    case ORR:
        return a | b;
    case ORN:
        return a | ~b;
    case EOR:
        return a ^ b;
    case ADD:
        return a + b;
    case SUB:
        return a - b;
    case MUL:
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case MULH:
        return (int64_t)(is_unsigned ? (uint64_t)a * (uint64_t)b >> bits : (uint64_t)(a * b >> bits));
    case RMULH: {
        const uint64_t half = (uint64_t)1 << (bits - 1u);
        return (int64_t)(is_unsigned ? ((uint64_t)a * (uint64_t)b + half) >> bits
                                     : (uint64_t)((a * b + (int64_t)half) >> bits));
    }
    case MAX:
        return a > b ? a : b;
    case MIN:
        return a < b ? a : b;
    case ABD:
        return magnitude(a - b);
    case HADD:
        return (a + b) >> 1;
    case HSUB:
        return (a - b) >> 1;
    case RHADD:
        return (a + b + 1) >> 1;
    case QADD:
        return tc_clipped(a + b, size, is_unsigned, saturated);
    case QSUB:
        return tc_clipped(a - b, size, is_unsigned, saturated);
    case QDMULH:
        return doubled_high(a, b, 0, size, 0, saturated);
    case QRDMULH:
        return doubled_high(a, b, 0, size, 1, saturated);
    case SHL:
        return shifted(a, (int8_t)b, size, 0);
    case RSHL:
        return shifted(a, (int8_t)b, size, 1);
    case QSHL:
        return shifted_tc_clipped(a, (int8_t)b, size, 0, is_unsigned, saturated);
    case QRSHL:
        return shifted_tc_clipped(a, (int8_t)b, size, 1, is_unsigned, saturated);
    case QSHLU:
        return shifted_tc_clipped(a, (int8_t)b, size, 0, 1, saturated);
    case SHR:
        return shifted(a, (int32_t)-b, size, 0);
    case RSHR:
        return shifted(a, (int32_t)-b, size, 1);
    case SRI: {
        const uint64_t kept = ((uint64_t)1 << bits) - 1u, moved = kept >> b;
        return (int64_t)((((uint64_t)a & kept) >> b) | ((uint64_t)d & kept & ~moved));
    }
    case SLI:
        return (int64_t)((uint64_t)a << b | ((uint64_t)d & (((uint64_t)1 << b) - 1u)));
    case BRSR:
        return reversed(a, b, size);
    case MLA:
        return (int64_t)((uint64_t)a * (uint64_t)b + (uint64_t)d);
    case MLAS:
        return (int64_t)((uint64_t)a * (uint64_t)d + (uint64_t)b);
    case QDMLAH:
        return doubled_high(a, b, d, size, 0, saturated);
    case QRDMLAH:
        return doubled_high(a, b, d, size, 1, saturated);
    case QDMLASH:
        return doubled_high(a, d, b, size, 0, saturated);
    default:
        return doubled_high(a, d, b, size, 1, saturated);
    }
}

static inline int64_t computed_one(uint32_t kind, int64_t m, int64_t d, uint32_t size, uint32_t *saturated) {
    const uint32_t bits = 8u << size;
    const uint32_t low = (uint32_t)((uint64_t)m & (((uint64_t)1 << bits) - 1u));
    switch (kind) {
    case CLS: {
        const uint32_t spread = (uint32_t)(m < 0 ? ~m : m);
        return (spread == 0u ? 31 : __builtin_clz(spread) - 1) - (int32_t)(32u - bits);
    }
    case CLZ:
        return (low == 0u ? 32 : __builtin_clz(low)) - (int32_t)(32u - bits);
    case ABS:
        return magnitude(m);
    case NEG:
        return -m;
    case QABS:
        return tc_clipped(magnitude(m), size, 0, saturated);
    case QNEG:
        return tc_clipped(-m, size, 0, saturated);
    case MVN:
        return ~m;
    case MAXA:
    case MINA: {
        const int64_t kept = (int64_t)((uint64_t)d & (((uint64_t)1 << bits) - 1u)), other = magnitude(m);
        return (kept > other) == (kind == MAXA) ? kept : other;
    }
    default:
        return m;
    }
}

static void two(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, is_unsigned = step->flags & IS_UNSIGNED;
    const uint32_t width = 1u << size;
    const uint8_t *n = tc_q(core, step->n), *d = tc_q(core, step->d), *m = tc_q(core, step->m & 7u);
    uint8_t scalar[4], result[BYTES];
    int64_t b = 0;
    if (step->flags & BY_SCALAR) {
        __builtin_memcpy(scalar, &core->r[step->a], 4);
        b = tc_lane(scalar, size, 0, is_unsigned);
    }
    for (uint32_t i = 0; i < BYTES / width; i++) {
        uint32_t saturated = 0;
        if (!(step->flags & BY_SCALAR)) {
            b = tc_lane(m, size, i, is_unsigned);
        }
        tc_put_lane(result, size, i,
                    computed(step->kind, tc_lane(n, size, i, is_unsigned), b, tc_lane(d, size, i, is_unsigned), size,
                             is_unsigned, &saturated));
        core->float_flags |= saturated & active >> i * width & 1u ? QC : 0u;
    }
    tc_finish(core, step->d, result, active);
}

/* The second operand is a constant. */
static void by_imm(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, is_unsigned = step->flags & IS_UNSIGNED;
    const uint32_t width = 1u << size;
    const uint8_t *m = tc_q(core, step->m), *d = tc_q(core, step->d);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES / width; i++) {
        uint32_t saturated = 0;
        tc_put_lane(result, size, i,
                    computed(step->kind, tc_lane(m, size, i, is_unsigned), step->amount,
                             tc_lane(d, size, i, is_unsigned), size, is_unsigned, &saturated));
        core->float_flags |= saturated & active >> i * width & 1u ? QC : 0u;
    }
    tc_finish(core, step->d, result, active);
}

/* Value and amount stand the other way round than other operands. */
static void by_vector(tc_core *core, const tc_step *step) {
    tc_step turned = *step;
    turned.n = step->m;
    turned.m = step->n;
    two(core, &turned);
}

/* Of the register itself; the amount is the same for all lanes. */
static void by_register(tc_core *core, const tc_step *step) {
    tc_step turned = *step;
    turned.n = step->d;
    two(core, &turned);
}

static void one(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, width = 1u << size;
    const uint8_t *m = tc_q(core, step->m), *d = tc_q(core, step->d);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES / width; i++) {
        uint32_t saturated = 0;
        tc_put_lane(result, size, i,
                    computed_one(step->kind, tc_lane(m, size, i, 0), tc_lane(d, size, i, 0), size, &saturated));
        core->float_flags |= saturated & active >> i * width & 1u ? QC : 0u;
    }
    tc_finish(core, step->d, result, active);
}

/* Within groups of 2, 4 or 8 bytes. */
static void reverse(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), width = 1u << step->size, group = 2u << (step->kind - REV16);
    const uint8_t *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES; i++) {
        result[i] = m[i ^ (group - width)];
    }
    tc_finish(core, step->d, result, active);
}

static void duplicate(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES >> step->size; i++) {
        tc_put_lane(result, step->size, i, core->r[step->a]);
    }
    tc_finish(core, step->n, result, active);
}

/* Pairs of lanes as complex numbers, or as two products that add up. */

static void complex_add(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, halves = step->kind;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES >> size; i++) {
        const int64_t a = tc_lane(n, size, i, 0), b = tc_lane(m, size, i ^ 1u, 0);
        const int is_minus = ((step->flags & TOP) != 0u) == ((i & 1u) != 0u);
        const int64_t value = is_minus ? a - b : a + b;
        tc_put_lane(result, size, i, halves ? value >> 1 : value);
    }
    tc_finish(core, step->d, result, active);
}

static void dual_high(tc_core *core, const tc_step *step) {
    const uint32_t all = tc_active(core), size = step->size, width = 1u << size, bits = 8u * width;
    const uint32_t odd = step->flags & EXCHANGES ? 1u : 0u;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    uint32_t active = 0;
    __builtin_memcpy(result, tc_q(core, step->d), BYTES);
    for (uint32_t i = odd; i < BYTES / width; i += 2u) {
        const uint32_t other = i ^ 1u;
        const int64_t first = tc_lane(n, size, i, 0) * tc_lane(m, size, odd ? other : i, 0);
        const int64_t second = tc_lane(n, size, other, 0) * tc_lane(m, size, odd ? i : other, 0);
        __extension__ typedef __int128 wide;
        wide sum = step->kind ? (wide)first - second : (wide)first + second;
        uint32_t saturated = 0;
        sum += step->flags & ROUNDS ? (wide)1 << (bits - 2u) : 0;
        tc_put_lane(result, size, i, tc_clipped((int64_t)(sum >> (bits - 1u)), size, 0, &saturated));
        active |= (all >> i * width & ((1u << width) - 1u)) << i * width;
        core->float_flags |= saturated & all >> i * width & 1u ? QC : 0u;
    }
    tc_finish(core, step->d, result, active);
}

/* A long sum over the words, with the carry of the FPSCR. */
enum { CARRY = 1u << 29 };

static void add_carry(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), inverts = step->kind ? 0xFFFFFFFFu : 0u;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m);
    uint64_t carry = step->flags & TOP ? step->kind : core->float_flags >> 29 & 1u;
    uint32_t writes = step->flags & TOP;
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < 4u; i++) {
        const uint64_t sum =
            (uint64_t)(uint32_t)tc_lane(n, 2, i, 1) + ((uint32_t)tc_lane(m, 2, i, 1) ^ inverts) + carry;
        if (active >> 4u * i & 1u) {
            carry = sum >> 32;
            writes = 1;
        }
        tc_put_lane(result, 2, i, (int64_t)sum);
    }
    if (writes) {
        core->float_flags = (core->float_flags & ~0xF0000000u) | (carry ? CARRY : 0u);
    }
    tc_finish(core, step->d, result, active);
}

/* All of a register to the left, bits of a core's register coming in. */
static void shift_all(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), by = step->amount == 0u ? 32u : step->amount;
    const uint8_t *d = tc_q(core, step->d);
    uint32_t carried = core->r[step->a];
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < 4u; i++) {
        const uint64_t word = (uint32_t)tc_lane(d, 2, i, 1);
        const uint64_t moved = word << by | (carried & (by == 32u ? 0xFFFFFFFFu : (1u << by) - 1u));
        if (active >> 4u * i & 1u) {
            carried = (uint32_t)(moved >> 32);
        }
        tc_put_lane(result, 2, i, (int64_t)moved);
    }
    core->r[step->a] = carried;
    tc_finish(core, step->d, result, active);
}

/* Rows. Don't-care bits: Qd (22, 15:13), Qn (7, 19:17), Qm (5, 3:1) or Rm (3:0), the size, and the sign (28). */
#define OF_TWO 0xFFC11FF1u
#define OF_TWO_ANY 0xEFC11FF1u
#define OF_TWO_SIZED 0xFFF11FF1u
#define BY_REGISTER 0xFFC11FF0u
#define BY_REGISTER_ANY 0xEFC11FF0u
#define OF_ONE 0xFFF31FF1u
#define OF_ONE_SIZED 0xFFFF1FF1u
#define TURNED 0xEFF31FF0u

static const tc_row ROWS[] = {
    {OF_TWO_SIZED, 0xEF000150, two, AND, 2, 0},
    {OF_TWO_SIZED, 0xEF100150, two, BIC, 2, 0},
    {OF_TWO_SIZED, 0xEF200150, two, ORR, 2, 0},
    {OF_TWO_SIZED, 0xEF300150, two, ORN, 2, 0},
    {OF_TWO_SIZED, 0xFF000150, two, EOR, 2, 0},
    {OF_TWO, 0xEF000840, two, ADD, SIZE_AT_20, 0},
    {OF_TWO, 0xFF000840, two, SUB, SIZE_AT_20, 0},
    {OF_TWO, 0xEF000950, two, MUL, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEE010E01, two, MULH, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEE011E01, two, RMULH, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000640, two, MAX, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000650, two, MIN, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000740, two, ABD, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000040, two, HADD, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000240, two, HSUB, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000140, two, RHADD, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000050, two, QADD, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000250, two, QSUB, SIZE_AT_20, 0},
    {OF_TWO, 0xEF000B40, two, QDMULH, SIZE_AT_20, 0},
    {OF_TWO, 0xFF000B40, two, QRDMULH, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000440, by_vector, SHL, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000540, by_vector, RSHL, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000450, by_vector, QSHL, SIZE_AT_20, 0},
    {OF_TWO_ANY, 0xEF000550, by_vector, QRSHL, SIZE_AT_20, 0},
    {TURNED, 0xEE311E60, by_register, SHL, SIZE_AT_18, BY_SCALAR},
    {TURNED, 0xEE331E60, by_register, RSHL, SIZE_AT_18, BY_SCALAR},
    {TURNED, 0xEE311EE0, by_register, QSHL, SIZE_AT_18, BY_SCALAR},
    {TURNED, 0xEE331EE0, by_register, QRSHL, SIZE_AT_18, BY_SCALAR},
    {BY_REGISTER, 0xEE010F40, two, ADD, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE011F40, two, SUB, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE011E60, two, MUL, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xFE011E60, two, BRSR, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE010E60, two, QDMULH, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xFE010E60, two, QRDMULH, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER_ANY, 0xEE000F40, two, HADD, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER_ANY, 0xEE001F40, two, HSUB, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER_ANY, 0xEE000F60, two, QADD, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER_ANY, 0xEE001F60, two, QSUB, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE010E40, two, MLA, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE011E40, two, MLAS, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE000E60, two, QDMLAH, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE000E40, two, QRDMLAH, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE001E60, two, QDMLASH, SIZE_AT_20, BY_SCALAR},
    {BY_REGISTER, 0xEE001E40, two, QRDMLASH, SIZE_AT_20, BY_SCALAR},
    {OF_TWO, 0xEE000E00, dual_high, 0, SIZE_AT_20, 0},
    {OF_TWO, 0xEE001E00, dual_high, 0, SIZE_AT_20, EXCHANGES},
    {OF_TWO, 0xEE000E01, dual_high, 0, SIZE_AT_20, ROUNDS},
    {OF_TWO, 0xEE001E01, dual_high, 0, SIZE_AT_20, ROUNDS | EXCHANGES},
    {OF_TWO, 0xFE000E00, dual_high, 1, SIZE_AT_20, 0},
    {OF_TWO, 0xFE001E00, dual_high, 1, SIZE_AT_20, EXCHANGES},
    {OF_TWO, 0xFE000E01, dual_high, 1, SIZE_AT_20, ROUNDS},
    {OF_TWO, 0xFE001E01, dual_high, 1, SIZE_AT_20, ROUNDS | EXCHANGES},
    {OF_TWO_SIZED, 0xEE300F00, add_carry, 0, 2, 0},
    {OF_TWO_SIZED, 0xEE301F00, add_carry, 0, 2, TOP},
    {OF_TWO_SIZED, 0xFE300F00, add_carry, 1, 2, 0},
    {OF_TWO_SIZED, 0xFE301F00, add_carry, 1, 2, TOP},
    {OF_TWO, 0xFE000F00, complex_add, 0, SIZE_AT_20, 0},
    {OF_TWO, 0xFE001F00, complex_add, 0, SIZE_AT_20, TOP},
    {OF_TWO, 0xEE000F00, complex_add, 1, SIZE_AT_20, 0},
    {OF_TWO, 0xEE001F00, complex_add, 1, SIZE_AT_20, TOP},
    {OF_ONE, 0xFFB00440, one, CLS, SIZE_AT_18, 0},
    {OF_ONE, 0xFFB004C0, one, CLZ, SIZE_AT_18, 0},
    {OF_ONE, 0xFFB10340, one, ABS, SIZE_AT_18, 0},
    {OF_ONE, 0xFFB103C0, one, NEG, SIZE_AT_18, 0},
    {OF_ONE, 0xFFB00740, one, QABS, SIZE_AT_18, 0},
    {OF_ONE, 0xFFB007C0, one, QNEG, SIZE_AT_18, 0},
    {OF_ONE_SIZED, 0xFFB005C0, one, MVN, 2, 0},
    {OF_ONE_SIZED, 0xFFB00140, reverse, REV16, 0, 0},
    {OF_ONE, 0xFFB000C0, reverse, REV32, SIZE_AT_18, 0},
    {OF_ONE, 0xFFB00040, reverse, REV64, SIZE_AT_18, 0},
    {OF_ONE, 0xEE330E81, one, MAXA, SIZE_AT_18, 0},
    {OF_ONE, 0xEE331E81, one, MINA, SIZE_AT_18, 0},
    {0xFFF10FFF, 0xEEE00B10, duplicate, DUP, 0, 0},
    {0xFFF10FFF, 0xEEA00B30, duplicate, DUP, 1, 0},
    {0xFFF10FFF, 0xEEA00B10, duplicate, DUP, 2, 0},
    {0xFFE01FF0, 0xEEA00FC0, shift_all, 0, 2, 0},
};

/* Shifts by a constant: its place among the bits tells the size. */
static int shift_by_constant(tc_step *step, uint32_t word) {
    static const uint8_t kinds[2][8] = {{SHR, MVN, RSHR, MVN, MVN, SHL, MVN, QSHL},
                                        {SHR, MVN, RSHR, MVN, SRI, SLI, QSHLU, QSHL}};
    const uint32_t imm = tc_bits(word, 16, 6), is_unsigned = tc_bits(word, 28, 1), which = tc_bits(word, 8, 4);
    if ((word & 0xEFC010F1u) != 0xEF800050u || imm < 8u || which > 7u) {
        return 0;
    }
    step->size = imm >= 32u ? 2 : imm >= 16u ? 1 : 0;
    step->kind = kinds[is_unsigned][which];
    step->amount = (uint8_t)(which < 5u ? (16u << step->size) - imm : imm - (8u << step->size));
    step->flags = is_unsigned && step->kind != QSHLU ? IS_UNSIGNED : 0;
    step->run = by_imm;
    return step->kind != MVN;
}

int tc_decode_lanes(tc_step *step, uint32_t word) {
    if (shift_by_constant(step, word)) {
        return 1;
    }
    if (!tc_find_row(step, word, ROWS, sizeof ROWS / sizeof *ROWS)) {
        return 0;
    }
    step->amount = step->run == shift_all ? (uint8_t)tc_bits(word, 16, 5) : step->amount;
    step->a = step->run == duplicate ? (uint8_t)tc_bits(word, 12, 4) : step->a;
    return 1;
}

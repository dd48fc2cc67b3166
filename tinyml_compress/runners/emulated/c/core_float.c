/* Scalar floating point: halves, singles and doubles; the doubles without fused operations. */
#include "core.h"

#include "core_number.h"

static inline tc_format format_of(const tc_step *step) {
    return step->size == 1u ? TC_HALF : step->size == 2u ? TC_SINGLE : TC_DOUBLE;
}

static inline uint64_t get(const tc_core *core, uint32_t size, uint32_t number) {
    return size == 3u ? core->v.d[number] : size == 2u ? core->v.w[number] : core->v.w[number] & 0xFFFFu;
}

static inline void put(tc_core *core, uint32_t size, uint32_t number, uint64_t value) {
    if (size == 3u) {
        core->v.d[number] = value;
    } else {
        core->v.w[number] = (uint32_t)value;
    }
}

/* Loads, stores and moves. */

static void load(tc_core *core, const tc_step *step) {
    const uint32_t base = step->n == PC ? (core->r[PC] + 4u) & ~3u : core->r[step->n], address = base + step->imm;
    if (step->size == 3u) {
        core->v.w[2u * step->d] = tc_load32(core, address);
        core->v.w[2u * step->d + 1u] = tc_load32(core, address + 4u);
    } else {
        core->v.w[step->d] = step->size == 2u ? tc_load32(core, address) : tc_load16(core, address);
    }
}

static void store(tc_core *core, const tc_step *step) {
    const uint32_t address = core->r[step->n] + step->imm;
    if (step->size == 1u) {
        tc_store16(core, address, core->v.w[step->d]);
        return;
    }
    const uint32_t first = step->size == 3u ? 2u * step->d : step->d;
    tc_store32(core, address, core->v.w[first]);
    if (step->size == 3u) {
        tc_store32(core, address + 4u, core->v.w[first + 1u]);
    }
}

/* `d`: the first word, `amount`: how many, `kind`: downwards, `flags`: the base is written. */
static void load_many(tc_core *core, const tc_step *step) {
    const uint32_t base = core->r[step->n], address = step->kind ? base - step->imm : base;
    for (uint32_t i = 0; i < step->amount; i++) {
        core->v.w[(step->d + i) & 31u] = tc_load32(core, address + 4u * i);
    }
    if (step->flags) {
        core->r[step->n] = step->kind ? address : base + step->imm;
    }
}

static void store_many(tc_core *core, const tc_step *step) {
    const uint32_t base = core->r[step->n], address = step->kind ? base - step->imm : base;
    for (uint32_t i = 0; i < step->amount; i++) {
        tc_store32(core, address + 4u * i, core->v.w[(step->d + i) & 31u]);
    }
    if (step->flags) {
        core->r[step->n] = step->kind ? address : base + step->imm;
    }
}

static void move_two(tc_core *core, const tc_step *step) {
    if (step->kind) {
        core->r[step->n] = core->v.w[step->d];
        core->r[step->m] = core->v.w[step->d + 1u];
    } else {
        core->v.w[step->d] = core->r[step->n];
        core->v.w[step->d + 1u] = core->r[step->m];
    }
}

static void to_core(tc_core *core, const tc_step *step) {
    core->r[step->n] = (uint32_t)get(core, step->size, step->d);
}

static void from_core(tc_core *core, const tc_step *step) {
    put(core, step->size, step->d, step->size == 1u ? core->r[step->n] & 0xFFFFu : core->r[step->n]);
}

/* `amount`: the byte, half or word among all 128 bytes of the registers; `kind`: without a sign. */
static void lane_to_core(tc_core *core, const tc_step *step) {
    uint32_t value;
    switch (step->size) {
    case 0:
        value = core->v.b[step->amount];
        value = step->kind ? value : (uint32_t)(int8_t)value;
        break;
    case 1:
        value = core->v.h[step->amount];
        value = step->kind ? value : (uint32_t)(int16_t)value;
        break;
    default:
        value = core->v.w[step->amount];
    }
    core->r[step->n] = value;
}

static void lane_from_core(tc_core *core, const tc_step *step) {
    const uint32_t value = core->r[step->n];
    switch (step->size) {
    case 0:
        core->v.b[step->amount] = (uint8_t)value;
        break;
    case 1:
        core->v.h[step->amount] = (uint16_t)value;
        break;
    default:
        core->v.w[step->amount] = value;
    }
}

enum { FPSCR = 1, FPSCR_FLAGS = 2, VPR = 12, P0 = 13 };
#define FLAGS_AND_QC 0xF8000000u

static void read_system(tc_core *core, const tc_step *step) {
    uint32_t value = core->float_flags;
    if (step->kind == FPSCR) {
        value |= core->ltpsize << 16;
    } else if (step->kind == VPR) {
        value = core->vpr;
    } else if (step->kind == P0) {
        value = core->vpr & 0xFFFFu;
    }
    if (step->n != PC) {
        core->r[step->n] = value;
        return;
    }
    core->negative = value;
    core->zero = !(value >> 30 & 1u);
    core->carry = value >> 29 & 1u;
    core->overflow = value << 3;
}

static void write_system(tc_core *core, const tc_step *step) {
    const uint32_t value = core->r[step->n];
    if (step->kind == VPR) {
        core->vpr = value;
    } else if (step->kind == P0) {
        core->vpr = (core->vpr & ~0xFFFFu) | (value & 0xFFFFu);
    } else {
        core->float_flags = value & FLAGS_AND_QC;
        if (step->kind == FPSCR) {
            core->ltpsize = value >> 16 & 7u;
            if (value & 0x07C80000u) { /* another rounding, flushing to zero, default NaNs */
                core->halt = MODE;
                core->fault_pc = core->r[PC];
            }
        }
    }
}

/* Compilers keep predicates on the stack. */
static void load_predicate(tc_core *core, const tc_step *step) {
    const uint32_t value = tc_load32(core, core->r[step->n] + step->imm);
    core->vpr = step->kind == VPR ? value : (core->vpr & ~0xFFFFu) | (value & 0xFFFFu);
}

static void store_predicate(tc_core *core, const tc_step *step) {
    tc_store32(core, core->r[step->n] + step->imm, step->kind == VPR ? core->vpr : core->vpr & 0xFFFFu);
}

/* Arithmetic. */

enum { MLA, MLS, NMLS, NMLA, MUL, NMUL, ADD, SUB, DIV, NONE, FNMS, FNMA, FMA, FMS };

static void compute(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint64_t sign = tc_sign_of(format), a = get(core, step->size, step->n), b = get(core, step->size, step->m);
    const uint64_t d = get(core, step->size, step->d);
    uint64_t result;
    switch (step->kind) {
    case MLA:
        result = tc_computed(format, TC_PLUS, d, tc_computed(format, TC_TIMES, a, b));
        break;
    case MLS:
        result = tc_computed(format, TC_PLUS, d, tc_computed(format, TC_TIMES, a, b) ^ sign);
        break;
    case NMLS:
        result = tc_computed(format, TC_PLUS, d ^ sign, tc_computed(format, TC_TIMES, a, b));
        break;
    case NMLA:
        result = tc_computed(format, TC_PLUS, d ^ sign, tc_computed(format, TC_TIMES, a, b) ^ sign);
        break;
    case MUL:
        result = tc_computed(format, TC_TIMES, a, b);
        break;
    case NMUL:
        result = tc_computed(format, TC_TIMES, a, b) ^ sign;
        break;
    case ADD:
        result = tc_computed(format, TC_PLUS, a, b);
        break;
    case SUB:
        result = tc_computed(format, TC_MINUS, a, b);
        break;
    case DIV:
        result = tc_computed(format, TC_OVER, a, b);
        break;
    case FNMS:
        result = tc_fused(format, d ^ sign, a, b);
        break;
    case FNMA:
        result = tc_fused(format, d ^ sign, a ^ sign, b);
        break;
    case FMA:
        result = tc_fused(format, d, a, b);
        break;
    default:
        result = tc_fused(format, d, a ^ sign, b);
    }
    put(core, step->size, step->d, result);
}

static void move_imm(tc_core *core, const tc_step *step) {
    put(core, step->size, step->d, step->size == 3u ? (uint64_t)step->imm << 32 : step->imm);
}

static void move(tc_core *core, const tc_step *step) {
    put(core, step->size, step->d, get(core, step->size, step->m));
}

static void absolute(tc_core *core, const tc_step *step) {
    put(core, step->size, step->d, get(core, step->size, step->m) & ~tc_sign_of(format_of(step)));
}

static void negate(tc_core *core, const tc_step *step) {
    put(core, step->size, step->d, get(core, step->size, step->m) ^ tc_sign_of(format_of(step)));
}

static void square_root(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint64_t bits = get(core, step->size, step->m);
    const double value = tc_number(format, bits);
    uint64_t result;
    if (tc_is_nan(format, bits)) {
        result = tc_quiet(format, bits);
    } else {
        result = value < 0.0 ? tc_default_nan(format) : tc_rounded_to(format, __builtin_sqrt(value));
    }
    put(core, step->size, step->d, result);
}

static void compare(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint64_t a = get(core, step->size, step->d), b = step->kind ? 0u : get(core, step->size, step->m);
    const double x = tc_number(format, a), y = tc_number(format, b);
    const uint32_t flags = x == y ? 6u : x < y ? 8u : x > y ? 2u : 3u;
    core->float_flags = (core->float_flags & ~0xF0000000u) | flags << 28;
}

static void round_whole(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    const uint64_t bits = get(core, step->size, step->m);
    const double whole = tc_whole(tc_number(format, bits), step->kind);
    put(core, step->size, step->d, tc_is_nan(format, bits) ? tc_quiet(format, bits) : tc_rounded_to(format, whole));
}

/* `amount`: bits behind the point; `kind`: how to round; `flags`: bits of the result, 0x80: signed. */
static void to_integer(tc_core *core, const tc_step *step) {
    const double value = tc_number(format_of(step), get(core, step->size, step->m));
    const double scaled = value * tc_double((uint64_t)(1023u + step->amount) << 52);
    const uint32_t bits = step->flags & 0x3Fu;
    const uint64_t result = tc_to_integer(scaled, step->kind, bits, step->flags >> 7);
    if (step->size == 3u && step->a) {
        core->v.d[step->d] = bits == 16u && !(step->flags >> 7) ? result & 0xFFFFu : result;
    } else {
        core->v.w[step->d] = bits == 16u && !(step->flags >> 7) ? (uint32_t)result & 0xFFFFu : (uint32_t)result;
    }
}

static void from_integer(tc_core *core, const tc_step *step) {
    const uint32_t word = step->a && step->size == 3u ? (uint32_t)core->v.d[step->m] : core->v.w[step->m];
    const uint32_t bits = step->flags & 0x3Fu, kept = bits == 32u ? word : word & 0xFFFFu;
    const int64_t value = step->flags >> 7 ? (int32_t)tc_sign_extended(kept, bits) : (int64_t)kept;
    const double scaled = (double)value / tc_double((uint64_t)(1023u + step->amount) << 52);
    put(core, step->size, step->d, tc_rounded_to(format_of(step), scaled));
}

static uint64_t converted(tc_format from, tc_format to, uint64_t bits) {
    if (!tc_is_nan(from, bits)) {
        return tc_rounded_to(to, tc_number(from, bits));
    }
    const uint64_t sign = bits >> (from.width - 1u) << (to.width - 1u),
                   payload = bits & (((uint64_t)1 << from.fraction) - 1u);
    const uint64_t moved = from.fraction > to.fraction ? payload >> (from.fraction - to.fraction)
                                                       : payload << (to.fraction - from.fraction);
    return tc_quiet(to, sign | tc_infinity(to) | moved);
}

/* `size`: the wider format; `kind`: 1 to the other one; `amount`: the upper half. */
static void between_wide(tc_core *core, const tc_step *step) {
    if (step->kind) {
        core->v.w[step->d] = (uint32_t)converted(TC_DOUBLE, TC_SINGLE, core->v.d[step->m]);
    } else {
        core->v.d[step->d] = converted(TC_SINGLE, TC_DOUBLE, core->v.w[step->m]);
    }
}

static void between_half(tc_core *core, const tc_step *step) {
    const tc_format wide = format_of(step);
    if (step->kind) {
        core->v.h[2u * step->d + step->amount] = (uint16_t)converted(wide, TC_HALF, get(core, step->size, step->m));
    } else {
        put(core, step->size, step->d, converted(TC_HALF, wide, core->v.h[2u * step->m + step->amount]));
    }
}

static void select_if(tc_core *core, const tc_step *step) {
    const uint32_t from = tc_condition(core, step->kind) ? step->n : step->m;
    put(core, step->size, step->d, get(core, step->size, from));
}

/* The one that is a number wins over a quiet NaN. */
static void extreme(tc_core *core, const tc_step *step) {
    const tc_format format = format_of(step);
    put(core, step->size, step->d,
        tc_extreme(format, step->kind, get(core, step->size, step->n), get(core, step->size, step->m)));
}

static void half_moves(tc_core *core, const tc_step *step) {
    if (step->kind) {
        core->v.h[2u * step->d + 1u] = core->v.h[2u * step->m];
    } else {
        core->v.w[step->d] = core->v.h[2u * step->m + 1u];
    }
}

/* There are 16 doubles: above them, NO_DOUBLE is set. */
enum { NO_DOUBLE = 128 };

static uint8_t number(uint32_t word, uint32_t size, uint32_t low, uint32_t extra) {
    return (uint8_t)(size == 3u ? tc_bits(word, low, 4) | tc_bits(word, extra, 1) << 7
                                : tc_bits(word, low, 4) << 1 | tc_bits(word, extra, 1));
}

static uint32_t expanded(uint32_t size, uint32_t imm) {
    const uint32_t small = imm & 0x3Fu, sign = imm >> 7, high = imm & 0x40u;
    if (size == 1u) {
        return sign << 15 | (high ? 0x3000u : 0x4000u) | small << 6;
    }
    if (size == 2u) {
        return sign << 31 | (high ? 0x3E000000u : 0x40000000u) | small << 19;
    }
    return sign << 31 | (high ? 0x3FC00000u : 0x40000000u) | small << 16;
}

static int fixed_point(tc_step *step, uint32_t word) {
    const uint32_t bits = word & 0x80u ? 32u : 16u, imm = tc_bits(word, 0, 4) << 1 | tc_bits(word, 5, 1);
    step->m = step->d;
    step->a = 1;
    step->kind = TC_ZERO;
    step->flags = (uint8_t)(bits | (word & 0x10000u ? 0u : 0x80u));
    step->amount = (uint8_t)(bits - imm);
    step->run = word & 0x40000u ? to_integer : from_integer;
    return imm <= bits;
}

static int one_operand(tc_step *step, uint32_t word) {
    const uint32_t top = tc_bits(word, 7, 1), size = step->size;
    switch (tc_bits(word, 16, 4)) {
    case 0:
        step->run = top ? absolute : move;
        return 1;
    case 1:
        step->run = top ? square_root : negate;
        return 1;
    case 2:
    case 3:
        step->kind = tc_bits(word, 16, 1);
        step->amount = (uint8_t)top;
        step->d = number(word, step->kind ? 2u : size, 12, 22);
        step->m = number(word, step->kind ? size : 2u, 0, 5);
        step->run = between_half;
        return size != 1u;
    case 4:
    case 5:
        step->kind = tc_bits(word, 16, 1);
        step->run = compare;
        return 1;
    case 6:
        step->kind = top ? TC_ZERO : TC_EVEN;
        step->run = round_whole;
        return 1;
    case 7:
        step->kind = TC_EVEN;
        step->run = round_whole;
        if (top) {
            step->kind = size == 3u;
            step->d = number(word, size == 3u ? 2u : 3u, 12, 22);
            step->run = between_wide;
        }
        return !top || size != 1u;
    case 8:
        step->m = number(word, 2, 0, 5);
        step->flags = (uint8_t)(32u | top << 7);
        step->run = from_integer;
        return 1;
    case 12:
    case 13:
        step->d = number(word, 2, 12, 22);
        step->kind = top ? TC_ZERO : TC_EVEN;
        step->flags = (uint8_t)(32u | tc_bits(word, 16, 1) << 7);
        step->run = to_integer;
        return 1;
    case 10:
    case 11:
    case 14:
    case 15:
        return fixed_point(step, word);
    default:
        return 0;
    }
}

static int data(tc_step *step, uint32_t word) {
    const uint32_t kind = tc_bits(word, 23, 1) << 3 | tc_bits(word, 20, 2) << 1 | tc_bits(word, 6, 1);
    step->kind = (uint8_t)kind;
    step->run = compute;
    if (kind == 14u) {
        step->imm = expanded(step->size, tc_bits(word, 16, 4) << 4 | (word & 15u));
        step->run = move_imm;
        return (word & 0xA0u) == 0u;
    }
    if (kind == 15u) {
        return one_operand(step, word);
    }
    return kind != NONE && (step->size != 3u || (kind < FNMS && step->d < 16u && step->n < 16u && step->m < 16u));
}

static int newer_data(tc_step *step, uint32_t word) {
    const uint32_t kind = tc_bits(word, 20, 2), op = tc_bits(word, 6, 1);
    if (!(word & 0x00800000u)) {
        static const uint8_t conditions[4] = {0, 6, 10, 12}; /* EQ, VS, GE, GT */
        step->kind = conditions[kind];
        step->run = select_if;
        return !op && !(step->n & NO_DOUBLE);
    }
    if (kind == 0u) {
        step->kind = (uint8_t)op;
        step->run = extreme;
        return !(step->n & NO_DOUBLE);
    }
    if (kind != 3u || !op) {
        return 0;
    }
    step->kind = tc_bits(word, 16, 2);
    if (tc_bits(word, 18, 2) == 3u) {
        step->d = number(word, 2, 12, 22);
        step->flags = (uint8_t)(32u | tc_bits(word, 7, 1) << 7);
        step->run = to_integer;
        return 1;
    }
    if (tc_bits(word, 18, 2) == 2u) {
        step->run = round_whole;
        return !(word & 0x80u);
    }
    step->kind = tc_bits(word, 7, 1);
    step->run = half_moves;
    return tc_bits(word, 16, 4) == 0u && step->size == 2u;
}

static int access(tc_step *step, uint32_t word) {
    const uint32_t before = tc_bits(word, 24, 1), up = tc_bits(word, 23, 1), writes = tc_bits(word, 21, 1);
    const uint32_t loads = tc_bits(word, 20, 1), imm = word & 0xFFu;
    step->n = (uint8_t)tc_bits(word, 16, 4);
    if (before && !writes) {
        step->imm = imm * (step->size == 1u ? 2u : 4u);
        step->imm = up ? step->imm : 0u - step->imm;
        step->run = loads ? load : store;
        return (loads || step->n != PC) && !(step->d & NO_DOUBLE);
    }
    if (!before && !up) { /* two registers of the core; `n` and `m` are these */
        step->kind = (uint8_t)loads;
        step->d = step->size == 3u ? (uint8_t)(2u * number(word, 3, 0, 5)) : number(word, 2, 0, 5);
        step->n = (uint8_t)tc_bits(word, 12, 4);
        step->m = (uint8_t)tc_bits(word, 16, 4);
        step->run = move_two;
        if (step->size == 3u ? word & 0x20u : step->d == 31u) {
            return 0;
        }
        return (word & 0x0FE000D0u) == 0x0C400010u && step->size >= 2u && step->n != PC && step->m != PC;
    }
    if (step->d & NO_DOUBLE) {
        return 0;
    }
    step->d = step->size == 3u ? (uint8_t)(2u * step->d) : step->d;
    step->kind = (uint8_t)before;
    step->flags = (uint8_t)writes;
    step->amount = (uint8_t)(step->size == 3u ? imm & 0xFEu : imm);
    step->imm = imm * 4u;
    step->run = loads ? load_many : store_many;
    return before != up && step->size >= 2u && imm != 0u && step->d + step->amount <= 32u && step->n != PC;
}

static int transfer(tc_step *step, uint32_t word) {
    const uint32_t loads = tc_bits(word, 20, 1);
    step->n = (uint8_t)tc_bits(word, 12, 4);
    if (step->size != 3u) {
        if ((word & 0x00E00F7Fu) == 0x00E00A10u) {
            step->kind = (uint8_t)tc_bits(word, 16, 4);
            step->run = loads ? read_system : write_system;
            return (step->kind == FPSCR || step->kind == FPSCR_FLAGS || step->kind == VPR || step->kind == P0) &&
                   (step->n != PC || (loads && step->kind == FPSCR));
        }
        step->d = number(word, 2, 16, 7);
        step->run = loads ? to_core : from_core;
        return (word & 0x00E0007Fu) == 0x00000010u && step->n != PC;
    }
    const uint32_t where = tc_bits(word, 21, 1) << 2 | tc_bits(word, 5, 2), first = 8u * number(word, 3, 16, 7);
    step->kind = tc_bits(word, 23, 1);
    step->run = loads ? lane_to_core : lane_from_core;
    if (word & 0x00400000u) {
        step->size = 0;
        step->amount = (uint8_t)(first + where);
    } else if (where & 1u) {
        step->size = 1;
        step->amount = (uint8_t)((first >> 1) + (where >> 1));
    } else {
        step->size = 2;
        step->amount = (uint8_t)((first >> 2) + (where >> 2));
        if (where & 2u || step->kind) {
            return 0;
        }
    }
    return first < 128u && step->n != PC && (word & 15u) == 0u && (loads || !step->kind);
}

static int access_predicate(tc_step *step, uint32_t word) {
    const uint32_t imm = (word & 0x7Fu) * 4u;
    step->kind = (uint8_t)(tc_bits(word, 22, 1) << 3 | tc_bits(word, 13, 3));
    step->n = (uint8_t)tc_bits(word, 16, 4);
    step->imm = word & 0x00800000u ? imm : 0u - imm;
    step->run = word & 0x00100000u ? load_predicate : store_predicate;
    return (word & 0xFF201F80u) == 0xED000F80u && (step->kind == VPR || step->kind == P0) && step->n != PC;
}

int tc_decode_float(tc_step *step, uint32_t word) {
    const uint32_t which = tc_bits(word, 8, 4);
    if (which == 15u) {
        return access_predicate(step, word);
    }
    if (which < 9u || which > 11u) {
        return 0;
    }
    step->size = (uint8_t)(which - 8u);
    step->d = number(word, step->size, 12, 22);
    step->n = number(word, step->size, 16, 7);
    step->m = number(word, step->size, 0, 5);
    switch (word >> 24) {
    case 0xEC:
    case 0xED:
        return access(step, word);
    case 0xEE:
        return word & 0x10u ? transfer(step, word) : data(step, word) && !((step->d | step->m) & NO_DOUBLE);
    case 0xFE:
        return !(word & 0x10u) && newer_data(step, word) && !((step->d | step->m) & NO_DOUBLE);
    default:
        return 0;
    }
}

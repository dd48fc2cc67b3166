/* Instructions of 32 bits: data and accesses. */
#include "core.h"

enum { AND = 0, BIC = 1, ORR = 2, ORN = 3, EOR = 4, PKH = 6, ADD = 8, ADC = 10, SBC = 11, SUB = 13, RSB = 14 };

static inline void logic(tc_core *core, const tc_step *step, uint32_t b, uint32_t carry) {
    const uint32_t a = step->n == PC ? 0u : core->r[step->n];
    uint32_t result;
    switch (step->kind) {
    case AND:
        result = a & b;
        break;
    case BIC:
        result = a & ~b;
        break;
    case ORR:
        result = a | b;
        break;
    case ORN:
        result = a | ~b;
        break;
    default:
        result = a ^ b;
    }
    core->r[step->d] = result;
    if (step->sets) {
        tc_set_nz(core, result);
        core->carry = carry;
    }
}

static inline void arithmetic(tc_core *core, const tc_step *step, uint32_t b) {
    const uint32_t a = core->r[step->n];
    switch (step->kind) {
    case ADD:
        core->r[step->d] = tc_sum(core, a, b, 0, step->sets);
        break;
    case ADC:
        core->r[step->d] = tc_sum(core, a, b, core->carry, step->sets);
        break;
    case SBC:
        core->r[step->d] = tc_sum(core, a, ~b, core->carry, step->sets);
        break;
    case SUB:
        core->r[step->d] = tc_sum(core, a, ~b, 1, step->sets);
        break;
    default:
        core->r[step->d] = tc_sum(core, ~a, b, 1, step->sets);
    }
}

static void logic_imm(tc_core *core, const tc_step *step) {
    logic(core, step, step->imm, step->carry == CARRY_KEPT ? core->carry : step->carry);
}

static void logic_reg(tc_core *core, const tc_step *step) {
    uint32_t carry = core->carry;
    const uint32_t b = tc_shift(core->r[step->m], step->size, step->amount, &carry);
    logic(core, step, b, carry);
}

static void arithmetic_imm(tc_core *core, const tc_step *step) {
    arithmetic(core, step, step->imm);
}

static void arithmetic_reg(tc_core *core, const tc_step *step) {
    uint32_t carry = core->carry;
    arithmetic(core, step, tc_shift(core->r[step->m], step->size, step->amount, &carry));
}

static void pack(tc_core *core, const tc_step *step) {
    uint32_t carry = 0;
    const uint32_t a = core->r[step->n], b = tc_shift(core->r[step->m], step->size, step->amount, &carry);
    core->r[step->d] = step->size == 2u ? (a & 0xFFFF0000u) | (b & 0xFFFFu) : (b & 0xFFFF0000u) | (a & 0xFFFFu);
}

static void move_imm(tc_core *core, const tc_step *step) {
    core->r[step->d] = step->imm;
}

static void move_top(tc_core *core, const tc_step *step) {
    core->r[step->d] = (core->r[step->d] & 0xFFFFu) | step->imm << 16;
}

static int operation(tc_step *step, uint32_t word, int by_register) {
    const uint32_t kind = tc_bits(word, 21, 4), d = tc_bits(word, 8, 4), n = tc_bits(word, 16, 4);
    step->kind = (uint8_t)kind;
    step->sets = tc_bits(word, 20, 1);
    step->n = (uint8_t)n;
    step->d = d == PC ? NOWHERE : (uint8_t)d;
    if (d == PC && !(step->sets && (kind == AND || kind == EOR || kind == ADD || kind == SUB))) {
        return 0;
    }
    if (n == PC && kind != ORR && kind != ORN) {
        return 0;
    }
    switch (kind) {
    case AND:
    case BIC:
    case ORR:
    case ORN:
    case EOR:
        step->run = by_register ? logic_reg : logic_imm;
        return 1;
    case ADD:
    case ADC:
    case SBC:
    case SUB:
    case RSB:
        step->run = by_register ? arithmetic_reg : arithmetic_imm;
        return 1;
    case PKH:
        step->run = pack;
        return by_register && !step->sets && (step->size == 0u || step->size == 2u);
    default:
        return 0;
    }
}

static int modified_immediate(tc_step *step, uint32_t word) {
    const uint32_t code = tc_bits(word, 26, 1) << 11 | tc_bits(word, 12, 3) << 8 | (word & 0xFFu);
    const uint32_t byte = code & 0xFFu;
    step->carry = CARRY_KEPT;
    switch (code >> 8) {
    case 0:
        step->imm = byte;
        break;
    case 1:
        step->imm = byte << 16 | byte;
        break;
    case 2:
        step->imm = byte << 24 | byte << 8;
        break;
    case 3:
        step->imm = byte * 0x01010101u;
        break;
    default: {
        const uint32_t by = code >> 7, value = (code & 0x7Fu) | 0x80u;
        step->imm = value >> by | value << (32u - by);
        step->carry = step->imm >> 31;
    }
    }
    return operation(step, word, 0);
}

static void select_if(tc_core *core, const tc_step *step) {
    uint32_t m = step->m == PC ? 0u : core->r[step->m];
    if (tc_condition(core, step->amount)) {
        core->r[step->d] = step->n == PC ? 0u : core->r[step->n];
        return;
    }
    m = step->kind & 2u ? ~m : m;
    core->r[step->d] = m + (step->kind & 1u);
}

static int shifted_register(tc_step *step, uint32_t word) {
    const uint32_t amount = tc_bits(word, 12, 3) << 2 | tc_bits(word, 6, 2);
    step->m = word & 15u;
    step->d = (uint8_t)tc_bits(word, 8, 4);
    step->n = (uint8_t)tc_bits(word, 16, 4);
    if ((word & 0xFFF00100u) == 0xEA500100u && step->m >= SP) {
        tc_step shift = *step;
        if (tc_decode_long_shift(&shift, word)) {
            *step = shift;
            return 1;
        }
    }
    if ((word & 0xFFF0C000u) == 0xEA508000u) {
        step->kind = tc_bits(word, 12, 2); /* as it is, plus one, inverted, negated */
        step->amount = (uint8_t)tc_bits(word, 4, 4);
        step->run = select_if;
        return 1;
    }
    if (word & 0x8000u || step->m == PC) {
        return 0;
    }
    step->size = tc_bits(word, 4, 2);
    step->amount = (uint8_t)amount;
    if (amount == 0u) {
        step->amount = step->size == 1u || step->size == 2u ? 32u : 0u;
        step->size = step->size == 3u ? 4u : step->size;
    }
    return operation(step, word, 1);
}

static void saturate(tc_core *core, const tc_step *step) {
    uint32_t carry = 0;
    const int64_t value = (int32_t)tc_shift(core->r[step->n], step->size, step->amount, &carry);
    const int is_signed = step->kind == 0u;
    const int64_t high = is_signed ? ((int64_t)1 << (step->imm - 1u)) - 1 : ((int64_t)1 << step->imm) - 1;
    const int64_t low = is_signed ? -high - 1 : 0;
    const int64_t result = value > high ? high : value < low ? low : value;
    core->saturated |= result != value;
    core->r[step->d] = (uint32_t)result;
}

static void saturate_halves(tc_core *core, const tc_step *step) {
    const int is_signed = step->kind == 0u;
    const int32_t high = is_signed ? (1 << (step->imm - 1u)) - 1 : (1 << step->imm) - 1;
    const int32_t low = is_signed ? -high - 1 : 0;
    uint32_t result = 0;
    for (uint32_t i = 0; i < 32u; i += 16u) {
        const int32_t value = (int16_t)(core->r[step->n] >> i);
        const int32_t limited = value > high ? high : value < low ? low : value;
        core->saturated |= limited != value;
        result |= ((uint32_t)limited & 0xFFFFu) << i;
    }
    core->r[step->d] = result;
}

static void field(tc_core *core, const tc_step *step) {
    const uint32_t value = core->r[step->n] << (32u - step->size - step->amount);
    const uint32_t by = 32u - step->size;
    core->r[step->d] = step->kind ? value >> by : (uint32_t)((int32_t)value >> by);
}

static void insert(tc_core *core, const tc_step *step) {
    const uint32_t value = step->n == PC ? 0u : core->r[step->n];
    core->r[step->d] = (core->r[step->d] & ~step->imm) | (value << step->amount & step->imm);
}

static int plain_immediate(tc_step *step, uint32_t address, uint32_t word) {
    const uint32_t imm12 = tc_bits(word, 26, 1) << 11 | tc_bits(word, 12, 3) << 8 | (word & 0xFFu);
    const uint32_t low = tc_bits(word, 12, 3) << 2 | tc_bits(word, 6, 2), width = word & 31u;
    const uint32_t kind = tc_bits(word, 20, 5);
    step->d = (uint8_t)tc_bits(word, 8, 4);
    step->n = (uint8_t)tc_bits(word, 16, 4);
    step->imm = imm12;
    step->kind = kind >> 3 & 1u;
    step->amount = (uint8_t)low;
    switch (kind) {
    case 0x00:
    case 0x0A:
        step->kind = kind ? SUB : ADD;
        step->run = arithmetic_imm;
        if (step->n == PC) {
            step->imm = kind ? ((address + 4u) & ~3u) - imm12 : ((address + 4u) & ~3u) + imm12;
            step->run = move_imm;
        }
        return 1;
    case 0x04:
    case 0x0C:
        step->imm = tc_bits(word, 16, 4) << 12 | imm12;
        step->run = kind == 0x04 ? move_imm : move_top;
        return 1;
    case 0x10:
    case 0x12:
    case 0x18:
    case 0x1A:
        step->imm = width + (step->kind == 0u);
        step->size = kind & 2u;
        step->run = kind & 2u && low == 0u ? saturate_halves : saturate;
        return 1;
    case 0x14:
    case 0x1C:
        step->size = (uint8_t)(width + 1u);
        step->run = field;
        return low + width < 32u;
    case 0x16:
        if (width < low) {
            return 0;
        }
        step->imm = (uint32_t)((((uint64_t)1 << (width - low + 1u)) - 1u) << low);
        step->run = insert;
        return 1;
    default:
        return 0;
    }
}

/* Accesses. */

static inline uint32_t loaded(tc_core *core, uint32_t kind, uint32_t address) {
    switch (kind) {
    case 0:
        return tc_load8(core, address);
    case 1:
        return tc_load16(core, address);
    case 2:
        return tc_load32(core, address);
    case 4:
        return (uint32_t)(int8_t)tc_load8(core, address);
    default:
        return (uint32_t)(int16_t)tc_load16(core, address);
    }
}

static inline void load_at(tc_core *core, const tc_step *step, uint32_t address) {
    const uint32_t value = loaded(core, step->kind, address);
    if (step->d == PC) {
        core->next = value & ~1u;
    } else {
        core->r[step->d] = value;
    }
}

static inline void store_at(tc_core *core, const tc_step *step, uint32_t address) {
    switch (step->kind) {
    case 0:
        tc_store8(core, address, core->r[step->d]);
        break;
    case 1:
        tc_store16(core, address, core->r[step->d]);
        break;
    default:
        tc_store32(core, address, core->r[step->d]);
    }
}

#define MODES(name)                                                                   \
    static void name##_offset(tc_core *core, const tc_step *step) {                   \
        name##_at(core, step, core->r[step->n] + step->imm);                          \
    }                                                                                 \
    static void name##_index(tc_core *core, const tc_step *step) {                    \
        name##_at(core, step, core->r[step->n] + (core->r[step->m] << step->amount)); \
    }                                                                                 \
    static void name##_before(tc_core *core, const tc_step *step) {                   \
        const uint32_t address = core->r[step->n] + step->imm;                        \
        name##_at(core, step, address);                                               \
        core->r[step->n] = address;                                                   \
    }                                                                                 \
    static void name##_after(tc_core *core, const tc_step *step) {                    \
        const uint32_t address = core->r[step->n];                                    \
        name##_at(core, step, address);                                               \
        core->r[step->n] = address + step->imm;                                       \
    }
MODES(load)
MODES(store)

static void load_literal(tc_core *core, const tc_step *step) {
    load_at(core, step, step->imm);
}

static void nothing(tc_core *core, const tc_step *step) {
    (void)core;
    (void)step;
}

static int single(tc_step *step, uint32_t address, uint32_t word) {
    const uint32_t loads = tc_bits(word, 20, 1), size = tc_bits(word, 21, 2);
    step->d = (uint8_t)tc_bits(word, 12, 4);
    step->n = (uint8_t)tc_bits(word, 16, 4);
    step->m = word & 15u;
    step->kind = (uint8_t)(size | tc_bits(word, 24, 1) << 2);
    if (size == 3u || step->kind == 6u || (!loads && (step->kind >= 4u || step->n == PC))) {
        return 0;
    }
    if (step->d == PC) {
        if (loads && size != 2u) { /* a hint to load early */
            step->run = nothing;
            return 1;
        }
        step->ends = 1;
    }
    if (step->n == PC) {
        step->imm = ((address + 4u) & ~3u) + (word & 0x00800000u ? word & 0xFFFu : 0u - (word & 0xFFFu));
        step->run = load_literal;
    } else if (word & 0x00800000u) {
        step->imm = word & 0xFFFu;
        step->run = loads ? load_offset : store_offset;
    } else if (word & 0x800u) {
        const uint32_t before = word & 0x400u, writes = word & 0x100u;
        step->imm = word & 0x200u ? word & 0xFFu : 0u - (word & 0xFFu);
        if (before && writes) {
            step->run = loads ? load_before : store_before;
        } else if (before) {
            step->run = loads ? load_offset : store_offset;
        } else {
            step->run = loads ? load_after : store_after;
            return writes != 0u;
        }
    } else {
        step->amount = (uint8_t)tc_bits(word, 4, 2);
        step->run = loads ? load_index : store_index;
        return (word & 0xFC0u) == 0u;
    }
    return 1;
}

static void load_many(tc_core *core, const tc_step *step) {
    const uint32_t bytes = 4u * step->amount, base = core->r[step->n];
    uint32_t address = step->kind ? base - bytes : base;
    const uint32_t after = step->kind ? address : base + bytes;
    for (uint32_t i = 0; i < PC; i++) {
        if (step->imm >> i & 1u) {
            core->r[i] = tc_load32(core, address);
            address += 4u;
        }
    }
    if (step->imm >> PC & 1u) {
        core->next = tc_load32(core, address) & ~1u;
    }
    if (step->size) {
        core->r[step->n] = after;
    }
}

static void store_many(tc_core *core, const tc_step *step) {
    const uint32_t bytes = 4u * step->amount, base = core->r[step->n];
    uint32_t address = step->kind ? base - bytes : base;
    const uint32_t after = step->kind ? address : base + bytes;
    for (uint32_t i = 0; i < PC; i++) {
        if (step->imm >> i & 1u) {
            tc_store32(core, address, core->r[i]);
            address += 4u;
        }
    }
    if (step->size) {
        core->r[step->n] = after;
    }
}

static void clear_many(tc_core *core, const tc_step *step) {
    for (uint32_t i = 0; i < PC; i++) {
        if (step->imm >> i & 1u) {
            core->r[i] = 0;
        }
    }
    if (step->imm >> PC & 1u) {
        core->negative = core->carry = core->overflow = core->saturated = core->greater = 0;
        core->zero = 1;
    }
}

static int multiple(tc_step *step, uint32_t word) {
    const uint32_t order = tc_bits(word, 23, 2);
    step->imm = word & 0xFFFFu;
    step->n = (uint8_t)tc_bits(word, 16, 4);
    step->amount = (uint8_t)__builtin_popcount(step->imm);
    step->kind = order == 2u;
    step->size = tc_bits(word, 21, 1);
    step->run = word & 0x00100000u ? load_many : store_many;
    if (word >> 16 == 0xE89Fu) {
        step->run = clear_many;
        return 1;
    }
    step->ends = word & 0x00100000u && step->imm >> PC & 1u;
    return (order == 1u || order == 2u) && step->n != PC;
}

static void load_pair(tc_core *core, const tc_step *step) {
    const uint32_t base = step->n == PC ? (core->r[PC] + 4u) & ~3u : core->r[step->n];
    const uint32_t moved = base + step->imm, address = step->kind ? moved : base;
    const uint32_t first = tc_load32(core, address), second = tc_load32(core, address + 4u);
    core->r[step->d] = first;
    core->r[step->a] = second;
    if (step->size) {
        core->r[step->n] = moved;
    }
}

static void store_pair(tc_core *core, const tc_step *step) {
    const uint32_t moved = core->r[step->n] + step->imm, address = step->kind ? moved : core->r[step->n];
    tc_store32(core, address, core->r[step->d]);
    tc_store32(core, address + 4u, core->r[step->a]);
    if (step->size) {
        core->r[step->n] = moved;
    }
}

static void table_branch(tc_core *core, const tc_step *step) {
    const uint32_t base = tc_value(core, step->n), index = core->r[step->m];
    const uint32_t distance = step->kind ? tc_load16(core, base + 2u * index) : tc_load8(core, base + index);
    core->next = core->r[PC] + 4u + 2u * distance;
}

static int pair(tc_step *step, uint32_t word) {
    const uint32_t before = tc_bits(word, 24, 1), writes = tc_bits(word, 21, 1), loads = tc_bits(word, 20, 1);
    step->n = (uint8_t)tc_bits(word, 16, 4);
    step->d = (uint8_t)tc_bits(word, 12, 4);
    step->a = (uint8_t)tc_bits(word, 8, 4);
    step->m = word & 15u;
    if (!before && !writes) {
        step->kind = tc_bits(word, 4, 1);
        step->ends = 1;
        step->run = table_branch;
        return (word & 0xFFF0FFE0u) == 0xE8D0F000u;
    }
    step->kind = before;
    step->size = writes;
    step->imm = (word & 0xFFu) * 4u;
    step->imm = word & 0x00800000u ? step->imm : 0u - step->imm;
    step->run = loads ? load_pair : store_pair;
    return step->d != PC && step->a != PC && (step->n != PC || (loads && !writes));
}

int tc_decode_long(tc_step *step, uint32_t address, uint32_t word) {
    switch (word >> 25) {
    case 0x74:
        return word & 0x00400000u ? pair(step, word) : multiple(step, word);
    case 0x75:
        return shifted_register(step, word);
    case 0x78:
    case 0x7A:
        return word & 0x8000u ? tc_decode_branch(step, address, word) : modified_immediate(step, word);
    case 0x79:
    case 0x7B:
        return word & 0x8000u ? tc_decode_branch(step, address, word) : plain_immediate(step, address, word);
    case 0x7C:
        return single(step, address, word);
    case 0x7D:
        return tc_decode_media(step, word);
    default:
        return 0;
    }
}

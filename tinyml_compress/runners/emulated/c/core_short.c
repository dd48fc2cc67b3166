/* Instructions of 16 bits. */
#include "core.h"

static void move_imm(tc_core *core, const tc_step *step) {
    core->r[step->d] = step->imm;
    if (tc_sets(core, step)) {
        tc_set_nz(core, step->imm);
    }
}

static void shift_imm(tc_core *core, const tc_step *step) {
    uint32_t carry = core->carry;
    const uint32_t result = tc_shift(core->r[step->m], step->kind, step->amount, &carry);
    core->r[step->d] = result;
    if (tc_sets(core, step)) {
        tc_set_nz(core, result);
        core->carry = carry;
    }
}

static void shift_reg(tc_core *core, const tc_step *step) {
    uint32_t carry = core->carry;
    const uint32_t result = tc_shift(core->r[step->n], step->kind, core->r[step->m] & 0xFFu, &carry);
    core->r[step->d] = result;
    if (tc_sets(core, step)) {
        tc_set_nz(core, result);
        core->carry = carry;
    }
}

static void add_imm(tc_core *core, const tc_step *step) {
    core->r[step->d] = tc_sum(core, core->r[step->n], step->imm, 0, tc_sets(core, step));
}

static void sub_imm(tc_core *core, const tc_step *step) {
    core->r[step->d] = tc_sum(core, core->r[step->n], ~step->imm, 1, tc_sets(core, step));
}

static void add_reg(tc_core *core, const tc_step *step) {
    core->r[step->d] = tc_sum(core, core->r[step->n], core->r[step->m], 0, tc_sets(core, step));
}

static void sub_reg(tc_core *core, const tc_step *step) {
    core->r[step->d] = tc_sum(core, core->r[step->n], ~core->r[step->m], 1, tc_sets(core, step));
}

static void add_high(tc_core *core, const tc_step *step) {
    core->r[step->d] = tc_value(core, step->d) + tc_value(core, step->m);
}

static void add_to_pc(tc_core *core, const tc_step *step) {
    core->next = (core->r[PC] + 4u + tc_value(core, step->m)) & ~1u;
}

static void compare_high(tc_core *core, const tc_step *step) {
    tc_sum(core, tc_value(core, step->n), ~tc_value(core, step->m), 1, 1);
}

static void move_high(tc_core *core, const tc_step *step) {
    core->r[step->d] = tc_value(core, step->m);
}

static void jump(tc_core *core, const tc_step *step) {
    core->next = tc_value(core, step->m) & ~1u;
}

static void call(tc_core *core, const tc_step *step) {
    const uint32_t target = core->r[step->m];
    core->r[LR] = core->next | 1u;
    core->next = target & ~1u;
}

enum { AND, EOR, LSL, LSR, ASR, ADC, SBC, ROR, TST, RSB, CMP, CMN, ORR, MUL, BIC, MVN };

static void logic(tc_core *core, const tc_step *step) {
    const uint32_t a = core->r[step->n], b = core->r[step->m];
    uint32_t result;
    switch (step->kind) {
    case AND:
    case TST:
        result = a & b;
        break;
    case EOR:
        result = a ^ b;
        break;
    case ORR:
        result = a | b;
        break;
    case MUL:
        result = a * b;
        break;
    case BIC:
        result = a & ~b;
        break;
    default:
        result = ~b;
    }
    core->r[step->d] = result;
    if (tc_sets(core, step)) {
        tc_set_nz(core, result);
    }
}

static void add_carry(tc_core *core, const tc_step *step) {
    const uint32_t b = core->r[step->m];
    core->r[step->d] = tc_sum(core, core->r[step->n], step->kind == SBC ? ~b : b, core->carry, tc_sets(core, step));
}

static void negate(tc_core *core, const tc_step *step) {
    core->r[step->d] = tc_sum(core, ~core->r[step->n], 0, 1, tc_sets(core, step));
}

static void load_literal(tc_core *core, const tc_step *step) {
    core->r[step->d] = tc_load32(core, step->imm);
}

#define ACCESS(name, load)                                            \
    static void name##_reg(tc_core *core, const tc_step *step) {      \
        const uint32_t address = core->r[step->n] + core->r[step->m]; \
        load;                                                         \
    }                                                                 \
    static void name##_imm(tc_core *core, const tc_step *step) {      \
        const uint32_t address = core->r[step->n] + step->imm;        \
        load;                                                         \
    }
ACCESS(str, tc_store32(core, address, core->r[step->d]))
ACCESS(strh, tc_store16(core, address, core->r[step->d]))
ACCESS(strb, tc_store8(core, address, core->r[step->d]))
ACCESS(ldr, core->r[step->d] = tc_load32(core, address))
ACCESS(ldrh, core->r[step->d] = tc_load16(core, address))
ACCESS(ldrb, core->r[step->d] = tc_load8(core, address))

static void ldrsb_reg(tc_core *core, const tc_step *step) {
    core->r[step->d] = (uint32_t)(int8_t)tc_load8(core, core->r[step->n] + core->r[step->m]);
}

static void ldrsh_reg(tc_core *core, const tc_step *step) {
    core->r[step->d] = (uint32_t)(int16_t)tc_load16(core, core->r[step->n] + core->r[step->m]);
}

static void compare_branch(tc_core *core, const tc_step *step) {
    if ((core->r[step->n] == 0u) != step->kind) {
        core->next = step->imm;
    }
}

static void extend(tc_core *core, const tc_step *step) {
    const uint32_t value = core->r[step->m];
    switch (step->kind) {
    case 0:
        core->r[step->d] = (uint32_t)(int16_t)value;
        break;
    case 1:
        core->r[step->d] = (uint32_t)(int8_t)value;
        break;
    case 2:
        core->r[step->d] = (uint16_t)value;
        break;
    default:
        core->r[step->d] = (uint8_t)value;
    }
}

static void reverse(tc_core *core, const tc_step *step) {
    const uint32_t value = core->r[step->m];
    const uint32_t pairs = (value & 0x00FF00FFu) << 8 | (value >> 8 & 0x00FF00FFu);
    switch (step->kind) {
    case 0:
        core->r[step->d] = pairs << 16 | pairs >> 16;
        break;
    case 1:
        core->r[step->d] = pairs;
        break;
    default:
        core->r[step->d] = (uint32_t)(int16_t)pairs;
    }
}

static void store_list(tc_core *core, const tc_step *step) {
    uint32_t address = core->r[step->n];
    for (uint32_t i = 0; i < 8u; i++) {
        if (step->imm >> i & 1u) {
            tc_store32(core, address, core->r[i]);
            address += 4u;
        }
    }
    core->r[step->n] = address;
}

static void load_list(tc_core *core, const tc_step *step) {
    uint32_t address = core->r[step->n];
    for (uint32_t i = 0; i < 8u; i++) {
        if (step->imm >> i & 1u) {
            core->r[i] = tc_load32(core, address);
            address += 4u;
        }
    }
    if (!(step->imm >> step->n & 1u)) {
        core->r[step->n] = address;
    }
}

static void push(tc_core *core, const tc_step *step) {
    uint32_t address = core->r[SP] - 4u * step->amount;
    core->r[SP] = address;
    for (uint32_t i = 0; i < 15u; i++) {
        if (step->imm >> i & 1u) {
            tc_store32(core, address, core->r[i]);
            address += 4u;
        }
    }
}

static void pop(tc_core *core, const tc_step *step) {
    uint32_t address = core->r[SP];
    for (uint32_t i = 0; i < 15u; i++) {
        if (step->imm >> i & 1u) {
            core->r[i] = tc_load32(core, address);
            address += 4u;
        }
    }
    if (step->imm >> PC & 1u) {
        core->next = tc_load32(core, address) & ~1u;
        address += 4u;
    }
    core->r[SP] = address;
}

static void if_then(tc_core *core, const tc_step *step) {
    core->it = step->imm;
}

static void nothing(tc_core *core, const tc_step *step) {
    (void)core;
    (void)step;
}

static void branch(tc_core *core, const tc_step *step) {
    core->next = step->imm;
}

static void branch_if(tc_core *core, const tc_step *step) {
    if (tc_condition(core, step->kind)) {
        core->next = step->imm;
    }
}

static int special(tc_step *step, uint32_t half) {
    const uint32_t m = tc_bits(half, 3, 4), d = tc_bits(half, 0, 3) | tc_bits(half, 7, 1) << 3;
    step->m = (uint8_t)m;
    step->d = step->n = (uint8_t)d;
    switch (tc_bits(half, 8, 2)) {
    case 0:
        step->run = d == PC ? add_to_pc : add_high;
        step->ends = d == PC;
        return 1;
    case 1:
        step->run = compare_high;
        return 1;
    case 2:
        step->run = d == PC ? jump : move_high;
        step->ends = d == PC;
        return 1;
    default:
        step->run = half & 0x80u ? call : jump;
        step->ends = 1;
        return (half & 7u) == 0u;
    }
}

static int processing(tc_step *step, uint32_t half) {
    const uint32_t kind = tc_bits(half, 6, 4);
    step->kind = (uint8_t)kind;
    step->sets = kind == TST || kind == CMP || kind == CMN ? SETS_ALWAYS : SETS_OUTSIDE_IT;
    step->m = (uint8_t)tc_bits(half, 3, 3);
    step->n = (uint8_t)tc_bits(half, 0, 3);
    step->d = step->sets == SETS_ALWAYS ? NOWHERE : step->n;
    switch (kind) {
    case LSL:
    case LSR:
    case ASR:
        step->kind = (uint8_t)(kind - LSL);
        step->run = shift_reg;
        break;
    case ROR:
        step->kind = 3;
        step->run = shift_reg;
        break;
    case ADC:
    case SBC:
        step->run = add_carry;
        break;
    case RSB:
        step->n = step->m;
        step->run = negate;
        break;
    case CMP:
        step->run = sub_reg;
        break;
    case CMN:
        step->run = add_reg;
        break;
    default:
        step->run = logic;
    }
    return 1;
}

static int miscellaneous(tc_step *step, uint32_t address, uint32_t half) {
    const uint32_t kind = tc_bits(half, 8, 4), low = tc_bits(half, 0, 3);
    step->d = (uint8_t)low;
    step->n = (uint8_t)low;
    step->m = (uint8_t)tc_bits(half, 3, 3);
    switch (kind) {
    case 0x0:
        step->d = step->n = SP;
        step->imm = tc_bits(half, 0, 7) * 4u;
        step->run = half & 0x80u ? sub_imm : add_imm;
        return 1;
    case 0x1:
    case 0x3:
    case 0x9:
    case 0xB:
        step->imm = address + 4u + (tc_bits(half, 3, 5) | tc_bits(half, 9, 1) << 5) * 2u;
        step->kind = half >> 11 & 1u;
        step->ends = 1;
        step->run = compare_branch;
        return 1;
    case 0x2:
        step->kind = tc_bits(half, 6, 2);
        step->run = extend;
        return 1;
    case 0x4:
    case 0x5:
        step->imm = (half & 0xFFu) | tc_bits(half, 8, 1) << LR;
        step->amount = (uint8_t)__builtin_popcount(step->imm);
        step->run = push;
        return 1;
    case 0xA:
        step->kind = tc_bits(half, 6, 2);
        step->run = reverse;
        return step->kind != 2;
    case 0xC:
    case 0xD:
        step->imm = (half & 0xFFu) | tc_bits(half, 8, 1) << PC;
        step->ends = half >> 8 & 1u;
        step->run = pop;
        return 1;
    case 0xF:
        step->imm = half & 0xFFu;
        step->run = half & 0xFu ? if_then : nothing;
        return 1;
    default:
        return 0;
    }
}

static int load_store(tc_step *step, uint32_t half) {
    static void (*const by_register[8])(tc_core *, const tc_step *) = {str_reg, strh_reg, strb_reg, ldrsb_reg,
                                                                       ldr_reg, ldrh_reg, ldrb_reg, ldrsh_reg};
    static void (*const by_imm[6])(tc_core *, const tc_step *) = {str_imm,  ldr_imm,  strb_imm,
                                                                  ldrb_imm, strh_imm, ldrh_imm};
    static const uint8_t shifts[3] = {2, 0, 1};
    const uint32_t top = half >> 11;
    step->d = (uint8_t)tc_bits(half, 0, 3);
    step->n = (uint8_t)tc_bits(half, 3, 3);
    if (top >> 1 == 5u) {
        step->m = (uint8_t)tc_bits(half, 6, 3);
        step->run = by_register[tc_bits(half, 9, 3)];
    } else if (top <= 17u) {
        step->imm = tc_bits(half, 6, 5) << shifts[(top - 12u) >> 1];
        step->run = by_imm[top - 12u];
    } else {
        step->d = (uint8_t)tc_bits(half, 8, 3);
        step->n = SP;
        step->imm = (half & 0xFFu) * 4u;
        step->run = top == 18u ? str_imm : ldr_imm;
    }
    return 1;
}

static int immediate(tc_step *step, uint32_t half) {
    step->sets = SETS_OUTSIDE_IT;
    step->d = step->n = (uint8_t)tc_bits(half, 8, 3);
    step->imm = half & 0xFFu;
    switch (half >> 11 & 3u) {
    case 0:
        step->run = move_imm;
        break;
    case 1:
        step->d = NOWHERE;
        step->sets = SETS_ALWAYS;
        step->run = sub_imm;
        break;
    case 2:
        step->run = add_imm;
        break;
    default:
        step->run = sub_imm;
    }
    return 1;
}

static int shift_or_add(tc_step *step, uint32_t half) {
    step->sets = SETS_OUTSIDE_IT;
    step->d = (uint8_t)tc_bits(half, 0, 3);
    step->m = step->n = (uint8_t)tc_bits(half, 3, 3);
    step->kind = tc_bits(half, 11, 2);
    step->amount = (uint8_t)tc_bits(half, 6, 5);
    if (step->kind < 3u) {
        if (step->amount == 0u && step->kind != 0u) {
            step->amount = 32;
        }
        step->run = shift_imm;
        return 1;
    }
    step->imm = step->m = (uint8_t)tc_bits(half, 6, 3);
    if (half >> 10 & 1u) {
        step->run = half >> 9 & 1u ? sub_imm : add_imm;
    } else {
        step->run = half >> 9 & 1u ? sub_reg : add_reg;
    }
    return 1;
}

int tc_decode_short(tc_step *step, uint32_t address, uint32_t half) {
    const uint32_t top = half >> 11;
    if (top < 4u) {
        return shift_or_add(step, half);
    }
    if (top < 8u) {
        return immediate(step, half);
    }
    if (top == 8u) {
        return half >> 10 & 1u ? special(step, half) : processing(step, half);
    }
    step->d = step->n = (uint8_t)tc_bits(half, 8, 3);
    step->imm = half & 0xFFu;
    if (top == 9u) {
        step->imm = ((address + 4u) & ~3u) + step->imm * 4u;
        step->run = load_literal;
        return 1;
    }
    if (top < 20u) {
        return load_store(step, half);
    }
    switch (top) {
    case 20:
        step->imm = ((address + 4u) & ~3u) + step->imm * 4u;
        step->run = move_imm;
        return 1;
    case 21:
        step->n = SP;
        step->imm *= 4u;
        step->run = add_imm;
        return 1;
    case 22:
    case 23:
        return miscellaneous(step, address, half);
    case 24:
        step->run = store_list;
        return 1;
    case 25:
        step->run = load_list;
        return 1;
    case 26:
    case 27:
        step->kind = tc_bits(half, 8, 4);
        step->imm = address + 4u + tc_sign_extended(half & 0xFFu, 8) * 2u;
        step->ends = 1;
        step->run = branch_if;
        return step->kind < 14u;
    case 28:
        step->imm = address + 4u + tc_sign_extended(half & 0x7FFu, 11) * 2u;
        step->ends = 1;
        step->run = branch;
        return 1;
    default:
        return 0;
    }
}

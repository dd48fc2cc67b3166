/* Instructions of 32 bits: branches, low-overhead loops, special registers. */
#include "core.h"

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

static void call(tc_core *core, const tc_step *step) {
    core->r[LR] = core->next | 1u;
    core->next = step->imm;
}

/* Loops: `kind` is the size of an element under tail predication, 4 without it. */
static void loop_start(tc_core *core, const tc_step *step) {
    core->r[LR] = core->r[step->n];
    if (step->kind < 4u) {
        core->ltpsize = step->kind;
    }
}

static void loop_while(tc_core *core, const tc_step *step) {
    if (core->r[step->n] == 0u) {
        core->next = step->imm;
    } else {
        loop_start(core, step);
    }
}

static void loop_end(tc_core *core, const tc_step *step) {
    const uint32_t done = step->kind ? 1u << (4u - core->ltpsize) : 1u;
    if (!step->kind && core->ltpsize != 4u) {
        core->halt = BROKEN;
        core->fault_pc = core->r[PC];
    } else if (core->r[LR] > done) {
        core->r[LR] -= done;
        core->next = step->imm;
    } else if (step->kind) {
        core->ltpsize = 4;
    }
}

static void loop_clear(tc_core *core, const tc_step *step) {
    (void)step;
    core->ltpsize = 4;
}

static int loop(tc_step *step, uint32_t address, uint32_t word) {
    const uint32_t distance = (tc_bits(word, 1, 10) << 1 | tc_bits(word, 11, 1)) * 2u, which = tc_bits(word, 20, 3);
    step->n = (uint8_t)tc_bits(word, 16, 4);
    step->kind = which < 4u ? (uint8_t)which : 4u;
    if (tc_decode_tail(step, word)) {
        return 1;
    }
    if (which > 4u || !(word & 1u) || (step->n == PC && which == 4u) || word >> 23 != 0x1E0u) {
        return 0;
    }
    if ((word & 0xFFFFu) == 0xE001u) {
        step->run = step->n == PC ? loop_clear : loop_start;
        return step->n != PC || which == 0u;
    }
    if ((word & 0xF000u) != 0xC000u) {
        return 0;
    }
    step->ends = 1;
    if (step->n != PC) {
        step->imm = address + 4u + distance;
        step->run = loop_while;
        return 1;
    }
    step->imm = address + 4u - distance;
    step->kind = which == 1u;
    step->run = which == 2u ? branch : loop_end;
    return which < 3u;
}

/* The registers of the system that a firmware sets at start-up or reads back. */
static void read_special(tc_core *core, const tc_step *step) {
    uint32_t value = 0;
    if (step->imm < 4u) {
        value = (core->negative & 0x80000000u) | (core->zero == 0u) << 30 | core->carry << 29 |
                (core->overflow >> 31) << 28 | core->saturated << 27 | core->greater << 16;
    } else if (step->imm == 8u) {
        value = core->r[SP];
    } else if (step->imm == 16u || step->imm == 20u) {
        value = core->privileged[step->imm == 16u];
    }
    core->r[step->d] = value;
}

static void write_special(tc_core *core, const tc_step *step) {
    const uint32_t value = core->r[step->n];
    if (step->imm >= 4u) {
        core->privileged[step->imm == 16u] = value;
        return;
    }
    if (step->kind & 2u) {
        core->negative = value;
        core->zero = !(value >> 30 & 1u);
        core->carry = value >> 29 & 1u;
        core->overflow = value << 3;
        core->saturated = value >> 27 & 1u;
    }
    if (step->kind & 1u) {
        core->greater = value >> 16 & 15u;
    }
}

static int system_control(tc_step *step, uint32_t word) {
    const uint32_t high = word >> 16;
    step->imm = word & 0xFFu;
    step->d = (uint8_t)tc_bits(word, 8, 4);
    step->n = (uint8_t)tc_bits(word, 16, 4);
    step->kind = (uint8_t)tc_bits(word, 10, 2);
    step->run = nothing;
    if (high == 0xF3BFu || high == 0xF3AFu) {
        return 1;
    }
    if ((high & 0xFFF0u) == 0xF380u) {
        step->run = write_special;
        return step->imm < 4u || step->imm == 16u || step->imm == 20u;
    }
    step->run = read_special;
    return high == 0xF3EFu && (step->imm < 4u || step->imm == 8u || step->imm == 16u || step->imm == 20u);
}

int tc_decode_branch(tc_step *step, uint32_t address, uint32_t word) {
    const uint32_t s = tc_bits(word, 26, 1), j1 = tc_bits(word, 13, 1), j2 = tc_bits(word, 11, 1);
    const uint32_t low = tc_bits(word, 0, 11) * 2u;
    step->ends = 1;
    if (word & 0x1000u) {
        const uint32_t far = s << 24 | !(j1 ^ s) << 23 | !(j2 ^ s) << 22 | tc_bits(word, 16, 10) << 12 | low;
        step->imm = address + 4u + tc_sign_extended(far, 25);
        step->run = word & 0x4000u ? call : branch;
        return 1;
    }
    step->ends = 0;
    if (word & 0x4000u) {
        return loop(step, address, word);
    }
    if ((word & 0x03800000u) == 0x03800000u) {
        return system_control(step, word);
    }
    step->kind = (uint8_t)tc_bits(word, 22, 4);
    step->imm = address + 4u + tc_sign_extended(s << 20 | j2 << 19 | j1 << 18 | tc_bits(word, 16, 6) << 12 | low, 21);
    step->ends = 1;
    step->run = branch_if;
    return 1;
}

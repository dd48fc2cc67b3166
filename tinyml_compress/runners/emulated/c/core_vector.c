/* Helium: which instruction it is; moves between registers, and what makes predicates. */
#include "core_vector.h"

int tc_find_row(tc_step *step, uint32_t word, const tc_row *rows, size_t count) {
    for (const tc_row *row = rows; row < rows + count; row++) {
        uint32_t size = row->size;
        if ((word & row->mask) != row->value) {
            continue;
        }
        if (size >= SIZE_AT_20) {
            size = tc_bits(word, size == SIZE_AT_20 ? 20u : 18u, 2);
            if (size == 3u) {
                continue;
            }
        }
        step->run = row->run;
        step->kind = row->kind;
        step->size = (uint8_t)size;
        step->flags = (uint8_t)(row->flags | (!(row->mask & 0x10000000u) && word & 0x10000000u ? IS_UNSIGNED : 0u));
        return 1;
    }
    return 0;
}

static void move_two(tc_core *core, const tc_step *step) {
    uint32_t *words = &core->v.w[4u * step->d + step->amount];
    if (step->kind) {
        words[0] = core->r[step->n];
        words[2] = core->r[step->m];
    } else {
        core->r[step->n] = words[0];
        core->r[step->m] = words[2];
    }
}

enum { SETS_IMM, SETS_BITS, CLEARS_BITS };

static void move_imm(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core);
    const uint8_t *d = tc_q(core, step->d);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES; i++) {
        const uint8_t byte = step->a ? (step->imm >> (i & 7u) & 1u ? 0xFF : 0) : (uint8_t)(step->imm >> 8u * (i & 3u));
        result[i] = step->kind == SETS_IMM ? byte : step->kind == SETS_BITS ? d[i] | byte : (uint8_t)(d[i] & ~byte);
    }
    tc_finish(core, step->d, result, active);
}

/* `a`: a bit for each byte of eight. */
static int constant(tc_step *step, uint32_t word) {
    const uint32_t byte = tc_bits(word, 28, 1) << 7 | tc_bits(word, 16, 3) << 4 | (word & 15u),
                   kind = tc_bits(word, 8, 4);
    const uint32_t inverts = tc_bits(word, 5, 1);
    if ((word & 0xEFF810D0u) != 0xEF800050u) {
        return 0;
    }
    step->run = move_imm;
    step->kind = SETS_IMM;
    step->a = 0;
    if (kind < 8u) {
        step->imm = byte << 8u * (kind >> 1);
    } else if (kind < 12u) {
        step->imm = (byte << 16 | byte) << 8u * (kind >> 1 & 1u);
    } else if (kind < 14u) {
        step->imm = kind == 12u ? byte << 8 | 0xFFu : byte << 16 | 0xFFFFu;
    } else if (kind == 14u) {
        step->a = (uint8_t)inverts;
        step->imm = inverts ? byte : byte * 0x01010101u;
        return 1;
    } else {
        step->imm = (byte & 0x80u) << 24 | (byte & 0x40u ? 0x3E000000u : 0x40000000u) | (byte & 0x3Fu) << 19;
        return !inverts;
    }
    if (kind & 1u && kind < 12u) {
        step->kind = inverts ? CLEARS_BITS : SETS_BITS;
    } else if (inverts) {
        step->imm = ~step->imm;
    }
    return 1;
}

static void set_predicate(tc_core *core, uint32_t bits) {
    core->vpr = (core->vpr & ~0xFFFFu) | (bits & 0xFFFFu);
    tc_advance(core);
}

static void begin_block(tc_core *core, uint32_t mask) {
    core->vpr = (core->vpr & ~0xFF0000u) | mask << 16 | mask << 20;
}

static void predicate_then(tc_core *core, const tc_step *step) {
    begin_block(core, step->amount);
}

static void predicate_not(tc_core *core, const tc_step *step) {
    (void)step;
    set_predicate(core, ~core->vpr & tc_active(core));
}

static void predicate_tail(tc_core *core, const tc_step *step) {
    const uint32_t count = core->r[step->a], most = 16u >> step->size;
    const uint32_t bytes = count < most ? count << step->size : 16u;
    set_predicate(core, ((1u << bytes) - 1u) & tc_active(core));
}

static void select_bytes(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core);
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m);
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES; i++) {
        result[i] = core->vpr >> i & 1u ? n[i] : m[i];
    }
    tc_finish(core, step->d, result, active);
}

/* `kind`: EQ, NE, CS, HI, GE, LT, GT, LE; `amount`: the mask of the block that it opens. */
static void compare(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, width = 1u << size;
    const uint32_t is_unsigned = step->kind == 2u || step->kind == 3u;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m & 7u);
    uint32_t bits = 0;
    uint8_t scalar[4] = {0};
    if (step->flags & BY_SCALAR && step->a != PC) {
        __builtin_memcpy(scalar, &core->r[step->a], 4);
    }
    for (uint32_t i = 0; i < BYTES / width; i++) {
        const int64_t a = tc_lane(n, size, i, is_unsigned);
        const int64_t b =
            step->flags & BY_SCALAR ? tc_lane(scalar, size, 0, is_unsigned) : tc_lane(m, size, i, is_unsigned);
        int holds;
        switch (step->kind) {
        case 0:
            holds = a == b;
            break;
        case 1:
            holds = a != b;
            break;
        case 2:
        case 4:
            holds = a >= b;
            break;
        case 3:
        case 6:
            holds = a > b;
            break;
        case 5:
            holds = a < b;
            break;
        default:
            holds = a <= b;
        }
        bits |= (holds ? (1u << width) - 1u : 0u) << i * width;
    }
    set_predicate(core, bits & active);
    if (step->amount) {
        begin_block(core, step->amount);
    }
}

/* Counting up or down from a register of the core, also round and round up to another. */
static void count(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), wraps = step->flags & SATURATES ? core->r[step->m] : 0u;
    uint32_t value = core->r[step->a];
    uint8_t result[BYTES];
    for (uint32_t i = 0; i < BYTES >> step->size; i++) {
        tc_put_lane(result, step->size, i, value);
        if (step->kind == 0u) {
            value += step->imm;
            value = step->flags & SATURATES && value == wraps ? 0u : value;
        } else {
            value = step->flags & SATURATES && value == 0u ? wraps : value;
            value -= step->imm;
        }
    }
    core->r[step->a] = value;
    tc_finish(core, step->d, result, active);
}

static int predicates(tc_step *step, uint32_t word) {
    const uint32_t block = tc_bits(word, 22, 1) << 3 | tc_bits(word, 13, 3);
    if ((word & 0xFFBF1FFFu) == 0xFE310F4Du) {
        step->amount = (uint8_t)block;
        step->run = block ? predicate_then : predicate_not;
        return 1;
    }
    if ((word & 0xFFF11FF1u) == 0xFE310F01u) {
        step->run = select_bytes;
        return 1;
    }
    step->size = tc_bits(word, 20, 2);
    if ((word & 0xFF810F50u) == 0xFE010F00u || (word & 0xFF810F50u) == 0xFE010F40u) {
        const int by_scalar = (word & 0x40u) != 0u;
        step->kind = (uint8_t)(tc_bits(word, 12, 1) << 2 | (by_scalar ? tc_bits(word, 5, 1) : word & 1u) << 1 |
                               tc_bits(word, 7, 1));
        step->n = (uint8_t)tc_bits(word, 17, 3);
        step->amount = (uint8_t)block;
        step->flags = by_scalar ? BY_SCALAR : 0;
        step->run = compare;
        return step->size != 3u && (by_scalar || !(word & 0x20u));
    }
    if ((word & 0xFFC10F70u) == 0xEE010F60u) {
        step->a = (uint8_t)(tc_bits(word, 17, 3) * 2u);
        step->m = (uint8_t)(tc_bits(word, 1, 3) * 2u + 1u);
        step->imm = 1u << (tc_bits(word, 7, 1) << 1 | (word & 1u));
        step->kind = tc_bits(word, 12, 1);
        step->flags = step->m == PC ? 0 : SATURATES;
        step->run = count;
        return step->size != 3u && step->m != SP;
    }
    return 0;
}

static int pair_of_lanes(tc_step *step, uint32_t word) {
    if ((word & 0xFFE01FE0u) != 0xEC000F00u) {
        return 0;
    }
    step->kind = tc_bits(word, 20, 1);
    step->amount = tc_bits(word, 4, 1);
    step->n = word & 15u;
    step->m = (uint8_t)tc_bits(word, 16, 4);
    step->run = move_two;
    return step->n != PC && step->m != PC;
}

int tc_decode_tail(tc_step *step, uint32_t word) {
    step->size = tc_bits(word, 20, 2);
    step->a = (uint8_t)tc_bits(word, 16, 4);
    step->run = predicate_tail;
    return (word & 0xFFC0FFFFu) == 0xF000E801u && step->a != PC;
}

int tc_decode_vector(tc_step *step, uint32_t word) {
    static int (*const decoders[])(tc_step *, uint32_t) = {
        tc_decode_vector_memory, pair_of_lanes,          predicates,       constant,
        tc_decode_reduction,     tc_decode_vector_float, tc_decode_widths, tc_decode_lanes,
    };
    tc_step fields = *step;
    fields.d = (uint8_t)tc_bits(word, 13, 3);
    fields.n = (uint8_t)tc_bits(word, 17, 3);
    fields.m = (uint8_t)tc_bits(word, 1, 3);
    fields.a = word & 15u;
    for (size_t i = 0; i < sizeof decoders / sizeof *decoders; i++) {
        *step = fields;
        if (decoders[i](step, word)) {
            return 1;
        }
    }
    return 0;
}

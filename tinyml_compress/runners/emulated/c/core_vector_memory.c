/* Helium: loads and stores. Elements that are not active are loaded as zero, and not stored. An element whose address
 * is no multiple of its size faults, as on silicon. */
#include "core_vector.h"

static int is_aligned(tc_core *core, uint32_t address, uint32_t bytes) {
    if (!(address & (bytes - 1u))) {
        return 1;
    }
    if (core->halt == RUNS) {
        core->halt = FAULTED;
        core->fault_address = address;
        core->fault_bytes = bytes;
        core->fault_kind = UNALIGNED;
        core->fault_pc = core->r[PC];
    }
    return 0;
}

/* `size`: of an element in the register, `amount`: in memory. */
static void load_element(tc_core *core, const tc_step *step, uint8_t *q, uint32_t index, uint32_t address) {
    const uint32_t bytes = 1u << step->amount;
    if (is_aligned(core, address, bytes)) {
        tc_put_lane(q, step->size, index,
                    tc_lane(tc_readable(core, address, bytes), step->amount, 0, step->flags & IS_UNSIGNED));
    }
}

static void store_element(tc_core *core, const tc_step *step, const uint8_t *q, uint32_t index, uint32_t address) {
    const uint32_t bytes = 1u << step->amount;
    if (is_aligned(core, address, bytes)) {
        tc_put_lane(tc_writable(core, address, bytes), step->amount, 0, tc_lane(q, step->size, index, 0));
    }
}

/* `kind`: the base is moved before the access (1), written back (2). */
enum { BEFORE = 1, WRITES_BACK = 2 };

static uint32_t address_of(tc_core *core, const tc_step *step) {
    const uint32_t base = core->r[step->n], moved = base + step->imm;
    if (step->kind & WRITES_BACK) {
        core->r[step->n] = moved;
    }
    return step->kind & BEFORE ? moved : base;
}

static void load(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), width = 1u << step->size, address = address_of(core, step);
    uint8_t *q = tc_q(core, step->d);
    if (active == 0xFFFFu && step->size == step->amount && is_aligned(core, address, width)) {
        __builtin_memcpy(q, tc_readable(core, address, BYTES), BYTES);
        tc_advance(core);
        return;
    }
    for (uint32_t i = 0; i < BYTES / width; i++) {
        tc_put_lane(q, step->size, i, 0);
        if (active >> i * width & 1u) {
            load_element(core, step, q, i, address + (i << step->amount));
        }
    }
    tc_advance(core);
}

static void store(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), width = 1u << step->size, address = address_of(core, step);
    const uint8_t *q = tc_q(core, step->d);
    if (active == 0xFFFFu && step->size == step->amount && is_aligned(core, address, width)) {
        __builtin_memcpy(tc_writable(core, address, BYTES), q, BYTES);
        tc_advance(core);
        return;
    }
    for (uint32_t i = 0; i < BYTES / width; i++) {
        if (active >> i * width & 1u) {
            store_element(core, step, q, i, address + (i << step->amount));
        }
    }
    tc_advance(core);
}

/* Each element from an offset of its own. */
static void gather(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), width = 1u << step->size, base = core->r[step->n];
    uint8_t offsets[BYTES], *q = tc_q(core, step->d);
    __builtin_memcpy(offsets, tc_q(core, step->m), BYTES);
    for (uint32_t i = 0; i < BYTES / width; i++) {
        const uint32_t offset = (uint32_t)tc_lane(offsets, step->size, i, 1) << step->kind;
        tc_put_lane(q, step->size, i, 0);
        if (active >> i * width & 1u) {
            load_element(core, step, q, i, base + offset);
        }
    }
    tc_advance(core);
}

static void scatter(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), width = 1u << step->size, base = core->r[step->n];
    const uint8_t *q = tc_q(core, step->d), *offsets = tc_q(core, step->m);
    for (uint32_t i = 0; i < BYTES / width; i++) {
        if (active >> i * width & 1u) {
            store_element(core, step, q, i, base + ((uint32_t)tc_lane(offsets, step->size, i, 1) << step->kind));
        }
    }
    tc_advance(core);
}

/* Two elements of 8 bytes: word by word, the offset is in the even lane. */
static void gather_pairs(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), base = core->r[step->n];
    uint8_t offsets[BYTES], *q = tc_q(core, step->d);
    __builtin_memcpy(offsets, tc_q(core, step->m), BYTES);
    for (uint32_t i = 0; i < 4u; i++) {
        const uint32_t offset = (uint32_t)tc_lane(offsets, 2, i & ~1u, 1) << step->kind;
        tc_put_lane(q, 2, i, 0);
        if (active >> 4u * i & 1u) {
            load_element(core, step, q, i, base + offset + 4u * (i & 1u));
        }
    }
    tc_advance(core);
}

static void scatter_pairs(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), base = core->r[step->n];
    const uint8_t *q = tc_q(core, step->d), *offsets = tc_q(core, step->m);
    for (uint32_t i = 0; i < 4u; i++) {
        const uint32_t offset = (uint32_t)tc_lane(offsets, 2, i & ~1u, 1) << step->kind;
        if (active >> 4u * i & 1u) {
            store_element(core, step, q, i, base + offset + 4u * (i & 1u));
        }
    }
    tc_advance(core);
}

/* Addresses in the lanes of a register; `a`: 1 for elements of 8 bytes, `flags & TOP`: it is a load. */
static void by_addresses(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), pairs = step->a;
    uint8_t *q = tc_q(core, step->d), *addresses = tc_q(core, step->n);
    for (uint32_t i = 0; i < 4u; i++) {
        const uint32_t place = pairs ? i & ~1u : i;
        const uint32_t address = (uint32_t)tc_lane(addresses, 2, place, 1) + step->imm;
        if (active >> 4u * i & 1u) {
            const uint32_t word = address + (pairs ? 4u * (i & 1u) : 0u);
            if (step->flags & TOP) {
                load_element(core, step, q, i, word);
            } else {
                store_element(core, step, q, i, word);
            }
        } else if (step->flags & TOP) {
            tc_put_lane(q, 2, i, 0);
        }
        if (step->kind && (!pairs || i & 1u)) {
            tc_put_lane(addresses, 2, place, address);
        }
    }
    tc_advance(core);
}

/* One of the instructions that together move 2 or 4 registers whose elements alternate in memory. Not predicated.
 * `amount`: how many registers, `kind`: which of the instructions, `a`: the base is written back. */
static void alternate(tc_core *core, const tc_step *step) {
    static const uint8_t of_word[2][16] = {{0, 0, 1, 1, 1, 1, 0, 0}, {0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 0, 0, 1, 1, 2, 2}};
    const uint32_t base = core->r[step->n], count = step->amount, width = 1u << step->size;
    for (uint32_t i = 0; i < BYTES * count / width; i++) {
        const uint32_t address = base + i * width;
        uint8_t *place = tc_q(core, step->d + i % count) + i / count * width;
        if (of_word[count == 4u][i * width / 4u] != step->kind || !is_aligned(core, address, width)) {
            continue;
        }
        if (step->flags & TOP) {
            tc_put_lane(place, step->size, 0, tc_lane(tc_readable(core, address, width), step->size, 0, 0));
        } else {
            tc_put_lane(tc_writable(core, address, width), step->size, 0, tc_lane(place, step->size, 0, 0));
        }
    }
    if (step->a) {
        core->r[step->n] = base + BYTES * count;
    }
}

static int alternating(tc_step *step, uint32_t word) {
    step->kind = (uint8_t)tc_bits(word, 5, 2);
    step->amount = word & 1u ? 4 : 2;
    step->a = (uint8_t)tc_bits(word, 21, 1);
    step->flags = word & 0x00100000u ? TOP : 0;
    step->run = alternate;
    return (word & 0x1Eu) == 0u && step->size < 3u && step->kind < step->amount && step->d + step->amount <= 8u;
}

static int through_addresses(tc_step *step, uint32_t word) {
    const uint32_t is_long = tc_bits(word, 8, 1), imm = (word & 0x7Fu) * (is_long ? 8u : 4u);
    step->n = (uint8_t)tc_bits(word, 17, 3);
    step->imm = word & 0x00800000u ? imm : 0u - imm;
    step->kind = (uint8_t)tc_bits(word, 21, 1);
    step->a = (uint8_t)is_long;
    step->size = step->amount = 2;
    step->flags = word & 0x00100000u ? TOP : 0;
    step->run = by_addresses;
    return !(word & 0x00010080u);
}

static int with_offsets(tc_step *step, uint32_t word) {
    const uint32_t loads = word & 0x00100000u;
    step->amount = (uint8_t)(tc_bits(word, 6, 1) << 1 | tc_bits(word, 4, 1));
    step->kind = word & 1u ? step->amount : 0;
    if (step->size == 3u) {
        step->size = 2;
        step->run = loads ? gather_pairs : scatter_pairs;
        step->amount -= 1u;
        return step->amount == 2u && word & 0x00800000u;
    }
    step->run = loads ? gather : scatter;
    return step->amount <= step->size && word & 0x00800000u;
}

int tc_decode_vector_memory(tc_step *step, uint32_t word) {
    const uint32_t other = word & 0x10000000u, before = tc_bits(word, 24, 1), writes = tc_bits(word, 21, 1);
    const uint32_t loads = word & 0x00100000u, is_whole = word & 0x1000u;
    if ((word & 0xEE000E00u) != 0xEC000E00u || word & 0x00400000u) {
        return 0;
    }
    step->size = (uint8_t)tc_bits(word, 7, 2);
    step->flags = other ? IS_UNSIGNED : 0;
    step->n = (uint8_t)tc_bits(word, 16, 4);
    if (is_whole && other) {
        return before ? through_addresses(step, word) : word & 0x00800000u && alternating(step, word);
    }
    if (!is_whole && !before && !writes) {
        return with_offsets(step, word);
    }
    if (!before && !writes) {
        return 0;
    }
    step->amount = step->size;
    if (!is_whole) {
        step->n &= 7u;
        step->amount = (uint8_t)tc_bits(word, 19, 1);
        if (step->amount >= step->size) {
            return 0;
        }
    }
    step->imm = (word & 0x7Fu) << step->amount;
    step->imm = word & 0x00800000u ? step->imm : 0u - step->imm;
    step->kind = (uint8_t)((before ? BEFORE : 0u) | (writes ? WRITES_BACK : 0u));
    step->run = loads ? load : store;
    return step->size < 3u && step->n != PC;
}

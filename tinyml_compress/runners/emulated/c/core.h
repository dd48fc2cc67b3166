/* An interpreter of Armv8.1-M with Helium, for the host. Instructions are decoded once per address into steps. */
#ifndef TC_CORE_H
#define TC_CORE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vector registers are kept as on a little-endian machine"
#endif

typedef struct tc_core tc_core;
typedef struct tc_step tc_step;

struct tc_step {
    void (*run)(tc_core *core, const tc_step *step);
    uint32_t imm;
    uint8_t d, n, m, a; /* registers; NOWHERE: the result is dropped */
    uint8_t kind;       /* the meaning is the handler's */
    uint8_t amount;
    uint8_t size;
    uint8_t flags;
    uint8_t sets;  /* SETS_... */
    uint8_t carry; /* of an immediate: 0, 1, or CARRY_KEPT */
    uint8_t bytes;
    uint8_t ends; /* what follows may be elsewhere */
};

enum { SETS_NEVER = 0, SETS_ALWAYS = 1, SETS_OUTSIDE_IT = 2 };
enum { CARRY_KEPT = 2 };
enum { SP = 13, LR = 14, PC = 15, NOWHERE = 16 };
enum { RUNS = 0, FAULTED = 1, UNKNOWN = 2, ASKED = 3, BROKEN = 4, MODE = 5 };
enum { READS = 0, WRITES = 1, JUMPS = 2, UNALIGNED = 3 };

/* One memory, as a firmware sees it. */
typedef struct {
    uint8_t *data;
    uint32_t start, bytes;
} tc_room;

enum { MOST_ROOMS = 8 };

struct tc_core {
    uint32_t r[17];    /* r[15]: the address of the instruction that runs */
    uint32_t next;     /* where to go on */
    uint32_t negative; /* bit 31 */
    uint32_t zero;     /* set when it is 0 */
    uint32_t carry;
    uint32_t overflow; /* bit 31 */
    uint32_t saturated, greater;
    uint32_t it;    /* as in the architecture: condition, mask; 0 outside */
    uint32_t in_it; /* the instruction that runs is in an IT block */
    uint32_t vpr;
    uint32_t ltpsize;
    uint32_t float_flags;   /* N, Z, C, V and QC of the FPSCR, in place */
    uint32_t privileged[2]; /* CONTROL, PRIMASK */
    union {
        uint8_t b[128];
        uint16_t h[64];
        uint32_t w[32];
        uint64_t d[16];
    } v;
    tc_room flash, ram, system;
    tc_room more[MOST_ROOMS]; /* further RAM */
    tc_step *steps;           /* per halfword of code, and one more that ends it */
    void *counter, *watch;
    uint32_t code_start, code_halfwords;
    uint32_t done; /* the address that ends the run */
    volatile int32_t halt;
    uint32_t fault_address, fault_bytes, fault_kind;
    uint32_t fault_pc;
    uint32_t last_jump;  /* of the branch that was taken last */
    uint8_t nowhere[32]; /* what an access outside the memories meets */
};

/* A decoder gives 0 for what it does not know. */
int tc_decode_short(tc_step *step, uint32_t address, uint32_t half);
int tc_decode_long(tc_step *step, uint32_t address, uint32_t word);
int tc_decode_branch(tc_step *step, uint32_t address, uint32_t word);
int tc_decode_long_shift(tc_step *step, uint32_t word);
int tc_decode_media(tc_step *step, uint32_t word);
int tc_decode_float(tc_step *step, uint32_t word);
int tc_decode_tail(tc_step *step, uint32_t word);
int tc_decode_vector(tc_step *step, uint32_t word);
int tc_condition(const tc_core *core, uint32_t condition);
uint8_t *tc_elsewhere(tc_core *core, uint32_t address, uint32_t bytes, uint32_t kind);

static inline int tc_holds(const tc_room *room, uint32_t address, uint32_t bytes) {
    const uint32_t offset = address - room->start;
    return offset < room->bytes && room->bytes - offset >= bytes;
}

static inline uint8_t *tc_readable(tc_core *core, uint32_t address, uint32_t bytes) {
    if (tc_holds(&core->ram, address, bytes)) {
        return core->ram.data + (address - core->ram.start);
    }
    if (tc_holds(&core->flash, address, bytes)) {
        return core->flash.data + (address - core->flash.start);
    }
    return tc_elsewhere(core, address, bytes, READS);
}

static inline uint8_t *tc_writable(tc_core *core, uint32_t address, uint32_t bytes) {
    if (tc_holds(&core->ram, address, bytes)) {
        return core->ram.data + (address - core->ram.start);
    }
    return tc_elsewhere(core, address, bytes, WRITES);
}

static inline uint32_t tc_load8(tc_core *core, uint32_t address) {
    return *tc_readable(core, address, 1);
}

static inline uint32_t tc_load16(tc_core *core, uint32_t address) {
    uint16_t value;
    __builtin_memcpy(&value, tc_readable(core, address, 2), 2);
    return value;
}

static inline uint32_t tc_load32(tc_core *core, uint32_t address) {
    uint32_t value;
    __builtin_memcpy(&value, tc_readable(core, address, 4), 4);
    return value;
}

static inline void tc_store8(tc_core *core, uint32_t address, uint32_t value) {
    *tc_writable(core, address, 1) = (uint8_t)value;
}

static inline void tc_store16(tc_core *core, uint32_t address, uint32_t value) {
    const uint16_t half = (uint16_t)value;
    __builtin_memcpy(tc_writable(core, address, 2), &half, 2);
}

static inline void tc_store32(tc_core *core, uint32_t address, uint32_t value) {
    __builtin_memcpy(tc_writable(core, address, 4), &value, 4);
}

/* What an instruction reads from a register: the program counter is four bytes ahead. */
static inline uint32_t tc_value(const tc_core *core, uint32_t number) {
    return number == PC ? core->r[PC] + 4u : core->r[number];
}

static inline int tc_sets(const tc_core *core, const tc_step *step) {
    return step->sets == SETS_ALWAYS || (step->sets == SETS_OUTSIDE_IT && !core->in_it);
}

static inline void tc_set_nz(tc_core *core, uint32_t value) {
    core->negative = value;
    core->zero = value;
}

/* a + b + carry with all flags. */
static inline uint32_t tc_sum(tc_core *core, uint32_t a, uint32_t b, uint32_t carry, int sets) {
    const uint32_t sum = a + b + carry;
    if (sets) {
        tc_set_nz(core, sum);
        core->carry = (uint32_t)(((uint64_t)a + b + carry) >> 32);
        core->overflow = (a ^ sum) & (b ^ sum);
    }
    return sum;
}

/* The shift that an encoding of 0 stands for, and its carry. `kind`: LSL, LSR, ASR, ROR; 4: RRX. */
static inline uint32_t tc_shift(uint32_t value, uint32_t kind, uint32_t amount, uint32_t *carry) {
    if (kind == 4u) {
        const uint32_t result = *carry << 31 | value >> 1;
        *carry = value & 1u;
        return result;
    }
    if (amount == 0u) {
        return value;
    }
    switch (kind) {
    case 0:
        *carry = amount <= 32u ? (uint32_t)((uint64_t)value << amount >> 32) & 1u : 0u;
        return amount < 32u ? value << amount : 0u;
    case 1:
        *carry = amount <= 32u ? value >> (amount - 1u) & 1u : 0u;
        return amount < 32u ? value >> amount : 0u;
    case 2:
        amount = amount > 32u ? 32u : amount;
        *carry = (uint32_t)((int32_t)value >> (amount - 1u)) & 1u;
        return (uint32_t)((int32_t)value >> (amount < 32u ? amount : 31u));
    default: {
        const uint32_t by = amount & 31u;
        const uint32_t result = by == 0u ? value : value >> by | value << (32u - by);
        *carry = result >> 31;
        return result;
    }
    }
}

/* Bits `low` to `low + count - 1`. */
static inline uint32_t tc_bits(uint32_t word, uint32_t low, uint32_t count) {
    return word >> low & ((1u << count) - 1u);
}

static inline uint32_t tc_sign_extended(uint32_t value, uint32_t bits) {
    return (uint32_t)((int32_t)(value << (32u - bits)) >> (32u - bits));
}

#endif

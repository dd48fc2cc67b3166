/* The loop of the interpreter: decode once, run, count by blocks as the hooks of the other emulators do. */
#include "core.h"

#include "hooks.c"

int tc_condition(const tc_core *core, uint32_t condition) {
    const uint32_t n = core->negative >> 31, v = core->overflow >> 31;
    const uint32_t z = core->zero == 0u, c = core->carry;
    uint32_t holds;
    switch (condition >> 1) {
    case 0:
        holds = z;
        break;
    case 1:
        holds = c;
        break;
    case 2:
        holds = n;
        break;
    case 3:
        holds = v;
        break;
    case 4:
        holds = c & !z;
        break;
    case 5:
        holds = n == v;
        break;
    case 6:
        holds = n == v && !z;
        break;
    default:
        return 1;
    }
    return (int)(holds ^ (condition & 1u));
}

/* The registers of the system are memory; outside all memories is a fault, of which the first is kept. */
uint8_t *tc_elsewhere(tc_core *core, uint32_t address, uint32_t bytes, uint32_t kind) {
    for (const tc_room *room = core->more; room < core->more + MOST_ROOMS; room++) {
        if (tc_holds(room, address, bytes)) {
            return room->data + (address - room->start);
        }
    }
    if (tc_holds(&core->system, address, bytes)) {
        return core->system.data + (address - core->system.start);
    }
    if (core->halt == RUNS) {
        core->halt = FAULTED;
        core->fault_address = address;
        core->fault_bytes = bytes;
        core->fault_kind = kind;
        core->fault_pc = core->r[PC];
    }
    return core->nowhere;
}

static void unknown(tc_core *core, const tc_step *step) {
    (void)step;
    if (core->halt == RUNS) {
        core->halt = UNKNOWN;
        core->fault_pc = core->r[PC];
    }
}

/* Floating point and Helium share their encodings; the one must not see what the other left in a step. */
static int decode_extension(tc_step *step, uint32_t word) {
    const tc_step fresh = *step;
    if (tc_decode_float(step, word)) {
        return 1;
    }
    *step = fresh;
    return tc_decode_vector(step, word);
}

static void decode(tc_core *core, tc_step *step, uint32_t address) {
    const uint32_t half = tc_load16(core, address);
    int known;
    step->bytes = half >> 11 >= 0x1Du ? 4 : 2;
    if (step->bytes == 2u) {
        known = tc_decode_short(step, address, half);
    } else {
        const uint32_t word = half << 16 | tc_load16(core, address + 2u);
        const uint32_t top = word >> 26;
        if (top == 0x3Bu || top == 0x3Fu) {
            known = decode_extension(step, word);
        } else {
            known = tc_decode_long(step, address, word);
        }
    }
    if (!known) {
        step->run = unknown;
        step->ends = 1;
    }
}

static inline void run_in_it(tc_core *core, const tc_step *step) {
    const uint32_t it = core->it;
    core->it = it & 7u ? (it & 0xE0u) | (it << 1 & 0x1Fu) : 0u;
    core->in_it = 1;
    if (tc_condition(core, it >> 4)) {
        step->run(core, step);
    }
    core->in_it = 0;
}

/* From r[15] to the address `done`, or to a halt. */
EXPORT void tc_core_run(tc_core *core) {
    while (core->halt == RUNS && core->r[PC] != core->done) {
        const uint32_t start = core->r[PC];
        uint32_t end = start;
        const tc_step *step;
        if (start - core->code_start >= core->code_halfwords * 2u) {
            core->halt = FAULTED;
            core->fault_address = start;
            core->fault_bytes = 2;
            core->fault_kind = JUMPS;
            core->fault_pc = core->last_jump;
            return;
        }
        do {
            tc_step *at = &core->steps[(end - core->code_start) >> 1];
            if (at->run == NULL) {
                decode(core, at, end);
            }
            step = at;
            core->r[PC] = end;
            end += step->bytes;
            core->next = end;
            if (core->watch != NULL) {
                tc_on_instruction(core, core->r[PC], step->bytes, core->watch);
            }
            if (core->it) {
                run_in_it(core, step);
            } else {
                step->run(core, step);
            }
        } while (!step->ends);
        core->last_jump = core->r[PC];
        core->r[PC] = core->next;
        if (core->counter != NULL) {
            tc_on_block(core, start, end - start, core->counter);
        }
    }
}

/* What the hooks call. */
EXPORT int tc_core_stop(void *engine) {
    tc_core *core = engine;
    core->halt = ASKED;
    return 0;
}

EXPORT int tc_core_register(void *engine, int number, void *value) {
    const tc_core *core = engine;
    *(uint32_t *)value = core->r[number - 1];
    return 0;
}

EXPORT size_t tc_core_bytes(void) {
    return sizeof(tc_core);
}

EXPORT size_t tc_step_bytes(void) {
    return sizeof(tc_step);
}

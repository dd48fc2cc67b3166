/* What the Helium instructions share: predication, lanes, and the rows of the decoder. */
#ifndef TC_CORE_VECTOR_H
#define TC_CORE_VECTOR_H

#include "core.h"

enum { BYTES = 16 };
enum { IS_UNSIGNED = 1, BY_SCALAR = 2, TOP = 4, ACCUMULATES = 8, EXCHANGES = 16, ROUNDS = 32, SATURATES = 64 };
#define QC (1u << 27)

/* An encoding; the first that fits is the one. */
typedef struct {
    uint32_t mask, value;
    void (*run)(tc_core *core, const tc_step *step);
    uint8_t kind, size, flags;
} tc_row;

/* Where the size of an element stands in the encoding; 3 is another instruction. */
enum { SIZE_AT_20 = 16, SIZE_AT_18 = 17 };

/* Decodes by one table each; 0 where no row fits. */
/* Sets what the row says, and the sign where the row leaves it open. */
int tc_find_row(tc_step *step, uint32_t word, const tc_row *rows, size_t count);
int tc_decode_lanes(tc_step *step, uint32_t word);
int tc_decode_widths(tc_step *step, uint32_t word);
int tc_decode_vector_float(tc_step *step, uint32_t word);
int tc_decode_vector_memory(tc_step *step, uint32_t word);
int tc_decode_reduction(tc_step *step, uint32_t word);

/* Which bytes an instruction works on: VPT block, then the tail of a loop. Whole instructions complete here, none is
 * taken up in the middle. */
static inline uint32_t tc_active(const tc_core *core) {
    uint32_t mask = core->vpr & 0xFFFFu;
    if (!(core->vpr & 0x0F0000u)) {
        mask |= 0x00FFu;
    }
    if (!(core->vpr & 0xF00000u)) {
        mask |= 0xFF00u;
    }
    if (core->ltpsize < 4u && core->r[LR] <= 1u << (4u - core->ltpsize)) {
        mask &= (1u << (core->r[LR] << core->ltpsize)) - 1u;
    }
    return mask;
}

/* One instruction further in a VPT block: predicates are inverted where it says "else". */
static inline void tc_advance(tc_core *core) {
    const uint32_t vpr = core->vpr, low = vpr >> 16 & 15u, high = vpr >> 20 & 15u;
    if (low | high) {
        const uint32_t inverted = (low > 8u ? 0x00FFu : 0u) | (high > 8u ? 0xFF00u : 0u);
        core->vpr =
            (vpr & 0xFF000000u) | ((vpr ^ inverted) & 0xFFFFu) | (low << 1 & 15u) << 16 | (high << 1 & 15u) << 20;
    }
}

static inline uint8_t *tc_q(tc_core *core, uint32_t number) {
    return core->v.b + BYTES * number;
}

static inline int64_t tc_lane(const uint8_t *q, uint32_t size, uint32_t index, uint32_t is_unsigned) {
    uint32_t value;
    switch (size) {
    case 0:
        return is_unsigned ? (int64_t)q[index] : (int64_t)(int8_t)q[index];
    case 1: {
        uint16_t half;
        __builtin_memcpy(&half, q + 2u * index, 2);
        return is_unsigned ? (int64_t)half : (int64_t)(int16_t)half;
    }
    default:
        __builtin_memcpy(&value, q + 4u * index, 4);
        return is_unsigned ? (int64_t)value : (int64_t)(int32_t)value;
    }
}

static inline void tc_put_lane(uint8_t *q, uint32_t size, uint32_t index, int64_t value) {
    if (size == 0u) {
        q[index] = (uint8_t)value;
    } else if (size == 1u) {
        const uint16_t half = (uint16_t)value;
        __builtin_memcpy(q + 2u * index, &half, 2);
    } else {
        const uint32_t word = (uint32_t)value;
        __builtin_memcpy(q + 4u * index, &word, 4);
    }
}

/* Saturated to a size, signed or not. */
static inline int64_t tc_clipped(int64_t value, uint32_t size, uint32_t is_unsigned, uint32_t *saturated) {
    const uint32_t bits = 8u << size;
    const int64_t high = is_unsigned ? ((int64_t)1 << bits) - 1 : ((int64_t)1 << (bits - 1u)) - 1;
    const int64_t low = is_unsigned ? 0 : -high - 1;
    if (value > high || value < low) {
        *saturated = 1;
        return value > high ? high : low;
    }
    return value;
}

/* The result of an instruction goes into register `d`, in the active bytes. */
static inline void tc_finish(tc_core *core, uint32_t d, const uint8_t *result, uint32_t active) {
    uint8_t *q = tc_q(core, d);
    if (active == 0xFFFFu) {
        __builtin_memcpy(q, result, BYTES);
    } else {
        for (uint32_t i = 0; i < BYTES; i++) {
            q[i] = active >> i & 1u ? result[i] : q[i];
        }
    }
    tc_advance(core);
}

#endif

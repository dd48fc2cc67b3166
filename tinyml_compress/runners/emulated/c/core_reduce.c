/* Helium: from the lanes of a register to registers of the core. */
#include "core_vector.h"

enum { IS_MINUS = 128 };

/* Products of pairs of lanes. With `EXCHANGES` the first operand's lanes cross over; `IS_MINUS`: the odd ones count
 * negatively; `kind`: 1 for 64 bits, 2 for the upper half of products of words. */
static void dot(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, is_unsigned = step->flags & IS_UNSIGNED,
                   width = 1u << size;
    const uint32_t crosses = step->flags & EXCHANGES ? 1u : 0u;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m);
    uint64_t sum = 0;
    if (step->flags & ACCUMULATES) {
        sum = (uint64_t)core->r[step->d] | (step->kind ? (uint64_t)core->r[step->a] << 32 : 0u);
    }
    for (uint32_t i = 0; i < BYTES / width; i++) {
        if (!(active >> i * width & 1u)) {
            continue;
        }
        uint64_t product =
            (uint64_t)tc_lane(n, size, i ^ crosses, is_unsigned) * (uint64_t)tc_lane(m, size, i, is_unsigned);
        if (step->flags & IS_MINUS && i & 1u) {
            product = 0u - product;
        }
        if (step->kind == 2u) {
            const uint64_t high = is_unsigned ? product >> 8 : (uint64_t)((int64_t)product >> 8);
            product = high + (product >> 7 & 1u);
        }
        sum += product;
    }
    core->r[step->d] = (uint32_t)sum;
    if (step->kind) {
        core->r[step->a] = (uint32_t)(sum >> 32);
    }
    tc_advance(core);
}

/* The usual ones of int8, in few steps of the host: products of bytes fit into halves. */
static void dot_bytes(tc_core *core, const tc_step *step) {
    typedef int8_t bytes __attribute__((vector_size(16)));
    typedef int16_t halves __attribute__((vector_size(32)));
    typedef int32_t words __attribute__((vector_size(64)));
    typedef int32_t quarter __attribute__((vector_size(16)));
    bytes n, m;
    if (tc_active(core) != 0xFFFFu) {
        dot(core, step);
        return;
    }
    __builtin_memcpy(&n, tc_q(core, step->n), BYTES);
    __builtin_memcpy(&m, tc_q(core, step->m), BYTES);
    const words products =
        __builtin_convertvector(__builtin_convertvector(n, halves) * __builtin_convertvector(m, halves), words);
    quarter parts[4];
    __builtin_memcpy(parts, &products, sizeof products);
    const quarter sums = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    const uint32_t base = step->flags & ACCUMULATES ? core->r[step->d] : 0u;
    core->r[step->d] = base + (uint32_t)sums[0] + (uint32_t)sums[1] + (uint32_t)sums[2] + (uint32_t)sums[3];
    tc_advance(core);
}

static void total(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, width = 1u << size;
    const uint8_t *m = tc_q(core, step->m);
    uint64_t sum = 0;
    if (step->flags & ACCUMULATES) {
        sum = (uint64_t)core->r[step->d] | (step->kind ? (uint64_t)core->r[step->a] << 32 : 0u);
    }
    for (uint32_t i = 0; i < BYTES / width; i++) {
        sum += active >> i * width & 1u ? (uint64_t)tc_lane(m, size, i, step->flags & IS_UNSIGNED) : 0u;
    }
    core->r[step->d] = (uint32_t)sum;
    if (step->kind) {
        core->r[step->a] = (uint32_t)(sum >> 32);
    }
    tc_advance(core);
}

static void distance(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, width = 1u << size,
                   is_unsigned = step->flags & IS_UNSIGNED;
    const uint8_t *n = tc_q(core, step->n), *m = tc_q(core, step->m);
    for (uint32_t i = 0; i < BYTES / width; i++) {
        const int64_t difference = tc_lane(n, size, i, is_unsigned) - tc_lane(m, size, i, is_unsigned);
        if (active >> i * width & 1u) {
            core->r[step->d] += (uint32_t)(difference < 0 ? -difference : difference);
        }
    }
    tc_advance(core);
}

enum { IS_MINIMUM = 1, OF_MAGNITUDES = 2 };

static void extreme(tc_core *core, const tc_step *step) {
    const uint32_t active = tc_active(core), size = step->size, width = 1u << size,
                   magnitudes = step->kind & OF_MAGNITUDES;
    const uint32_t is_unsigned = step->flags & IS_UNSIGNED;
    const uint8_t *m = tc_q(core, step->m);
    uint8_t first[4];
    __builtin_memcpy(first, &core->r[step->d], 4);
    int64_t best = tc_lane(first, size, 0, is_unsigned || magnitudes);
    for (uint32_t i = 0; i < BYTES / width; i++) {
        int64_t value = tc_lane(m, size, i, is_unsigned);
        value = magnitudes && value < 0 ? -value : value;
        if (active >> i * width & 1u && (value < best) == (step->kind & IS_MINIMUM)) {
            best = value;
        }
    }
    core->r[step->d] = (uint32_t)best;
    tc_advance(core);
}

#define DOT 0xEFF01ED1u
#define LONG_DOT 0xEF801ED1u

static int dots(tc_step *step, uint32_t word) {
    const uint32_t high = tc_bits(word, 20, 3), last = word & 1u, bytes = tc_bits(word, 8, 1),
                   other = tc_bits(word, 28, 1);
    if ((word & 0xEF800ED0u) != 0xEE800E00u) {
        return 0;
    }
    step->d = (uint8_t)(tc_bits(word, 13, 3) * 2u);
    step->a = (uint8_t)(high * 2u + 1u);
    step->flags =
        (uint8_t)((word & 0x20u ? ACCUMULATES : 0u) | (word & 0x1000u ? EXCHANGES : 0u) | (last ? IS_MINUS : 0u));
    step->m = (uint8_t)tc_bits(word, 1, 3);
    step->size = (uint8_t)(1u + tc_bits(word, 16, 1));
    step->run = dot;
    step->kind = high != 7u;
    if (high == 7u) {
        if (last) {
            step->size = other ? 0 : step->size;
            return !bytes;
        }
        step->flags |= other ? IS_UNSIGNED : 0u;
        step->size = bytes ? 0 : step->size;
        step->run = bytes && !other && !(step->flags & EXCHANGES) ? dot_bytes : dot;
        return !bytes || !tc_bits(word, 16, 1);
    }
    if ((bytes && !last) || (last && other)) {
        step->kind = 2;
        step->size = 2;
        step->flags |= bytes && other ? IS_UNSIGNED : 0u;
        return !tc_bits(word, 16, 1);
    }
    step->flags |= other ? IS_UNSIGNED : 0u;
    return !bytes;
}

int tc_decode_reduction(tc_step *step, uint32_t word) {
    const uint32_t is_unsigned = word & 0x10000000u ? IS_UNSIGNED : 0u;
    step->m = (uint8_t)tc_bits(word, 1, 3);
    step->flags = (uint8_t)is_unsigned;
    step->size = tc_bits(word, 18, 2);
    if ((word & 0xEFF11F51u) == 0xEEE00F00u || (word & 0xEFF10F51u) == 0xEEE00F00u) {
        step->d = (uint8_t)tc_bits(word, 12, 4);
        step->kind = (uint8_t)(tc_bits(word, 7, 1) | (word & 0x20000u ? 0u : OF_MAGNITUDES));
        step->run = extreme;
        return step->size != 3u && !(is_unsigned && step->kind & OF_MAGNITUDES) && !(word & 0x20u);
    }
    if ((word & 0xEF810F71u) == 0xEE800F01u && !(word & 0x40u) && tc_bits(word, 20, 2) != 3u && !(word & 0x00400080u)) {
        step->d = (uint8_t)tc_bits(word, 12, 4);
        step->size = tc_bits(word, 20, 2);
        step->run = distance;
        return 1;
    }
    step->d = (uint8_t)(tc_bits(word, 13, 3) * 2u);
    step->flags |= word & 0x20u ? ACCUMULATES : 0u;
    if ((word & 0xEFF31FD1u) == 0xEEF10F00u) {
        step->run = total;
        return step->size != 3u;
    }
    if ((word & 0xEF8F1FD1u) == 0xEE890F00u) {
        step->a = (uint8_t)(tc_bits(word, 20, 3) * 2u + 1u);
        step->kind = 1;
        step->size = 2;
        step->run = total;
        return step->a != PC;
    }
    return dots(step, word);
}

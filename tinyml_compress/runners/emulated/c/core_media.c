/* Instructions of 32 bits: shifts by registers, multiplications, packed halves and bytes, and long shifts. */
#include "core.h"

static void shift_by(tc_core *core, const tc_step *step) {
    uint32_t carry = core->carry;
    const uint32_t result = tc_shift(core->r[step->n], step->kind, core->r[step->m] & 0xFFu, &carry);
    core->r[step->d] = result;
    if (step->sets) {
        tc_set_nz(core, result);
        core->carry = carry;
    }
}

static void extend_add(tc_core *core, const tc_step *step) {
    uint32_t carry = 0;
    const uint32_t value = tc_shift(core->r[step->m], 3, step->amount, &carry);
    const uint32_t base = step->n == PC ? 0u : core->r[step->n];
    uint32_t result;
    switch (step->kind) {
    case 0:
        result = base + (uint32_t)(int16_t)value;
        break;
    case 1:
        result = base + (uint16_t)value;
        break;
    case 2:
        result = ((base + (uint32_t)(int8_t)value) & 0xFFFFu) | ((base >> 16) + (uint32_t)(int8_t)(value >> 16)) << 16;
        break;
    case 3:
        result = ((base + (uint8_t)value) & 0xFFFFu) | ((base >> 16) + (uint8_t)(value >> 16)) << 16;
        break;
    case 4:
        result = base + (uint32_t)(int8_t)value;
        break;
    default:
        result = base + (uint8_t)value;
    }
    core->r[step->d] = result;
}

/* One lane of a packed sum or difference; `kind`: modulo, saturating, halving. Bit 0 of `greater` comes back. */
static uint32_t lane(int32_t value, uint32_t bits, uint32_t kind, int is_signed, uint32_t *greater, int is_sum) {
    const int32_t high = is_signed ? (1 << (bits - 1u)) - 1 : (1 << bits) - 1, low = is_signed ? -high - 1 : 0;
    *greater = is_signed ? value >= 0 : is_sum ? value > high : value >= 0;
    if (kind == 1u) {
        value = value > high ? high : value < low ? low : value;
    } else if (kind == 2u) {
        value >>= 1;
    }
    return (uint32_t)value & ((1u << bits) - 1u);
}

static void parallel(tc_core *core, const tc_step *step) {
    const uint32_t a = core->r[step->n], b = core->r[step->m];
    const int is_signed = !(step->amount & 4u);
    const uint32_t kind = step->amount & 3u, bits = step->kind == 0u || step->kind == 4u ? 8u : 16u;
    uint32_t result = 0, greater = 0;
    for (uint32_t i = 0; i < 32u / bits; i++) {
        const int crosses = step->kind == 2u || step->kind == 6u;
        const uint32_t other = crosses ? i ^ 1u : i;
        const uint32_t x = tc_bits(a, i * bits, bits), y = tc_bits(b, other * bits, bits);
        const int32_t left = is_signed ? (int32_t)tc_sign_extended(x, bits) : (int32_t)x;
        const int32_t right = is_signed ? (int32_t)tc_sign_extended(y, bits) : (int32_t)y;
        const int is_sum = crosses ? (step->kind == 2u) == (i == 1u) : step->kind < 4u;
        uint32_t at_least;
        result |= lane(is_sum ? left + right : left - right, bits, kind, is_signed, &at_least, is_sum) << i * bits;
        greater |= (at_least ? bits == 8u ? 1u : 3u : 0u) << i * (bits / 8u);
    }
    core->r[step->d] = result;
    if (kind == 0u) {
        core->greater = greater;
    }
}

static int32_t clipped(tc_core *core, int64_t value) {
    const int32_t result = value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
    core->saturated |= result != value;
    return result;
}

static void add_saturating(tc_core *core, const tc_step *step) {
    int64_t n = (int32_t)core->r[step->n];
    const int64_t m = (int32_t)core->r[step->m];
    if (step->kind & 1u) {
        n = clipped(core, 2 * n);
    }
    core->r[step->d] = (uint32_t)clipped(core, step->kind & 2u ? m - n : m + n);
}

static void bits_of(tc_core *core, const tc_step *step) {
    uint32_t value = core->r[step->m];
    const uint32_t pairs = (value & 0x00FF00FFu) << 8 | (value >> 8 & 0x00FF00FFu);
    switch (step->kind) {
    case 0:
        value = pairs << 16 | pairs >> 16;
        break;
    case 1:
        value = pairs;
        break;
    case 2:
        value = __builtin_bitreverse32(value);
        break;
    case 3:
        value = (uint32_t)(int16_t)pairs;
        break;
    default:
        value = value == 0u ? 32u : (uint32_t)__builtin_clz(value);
    }
    core->r[step->d] = value;
}

static void choose_bytes(tc_core *core, const tc_step *step) {
    uint32_t mask = 0;
    for (uint32_t i = 0; i < 4u; i++) {
        mask |= (core->greater >> i & 1u ? 0xFFu : 0u) << 8u * i;
    }
    core->r[step->d] = (core->r[step->n] & mask) | (core->r[step->m] & ~mask);
}

static int by_registers(tc_step *step, uint32_t word) {
    const uint32_t kind = tc_bits(word, 20, 4), second = tc_bits(word, 4, 4);
    if ((word & 0xF000u) != 0xF000u || step->d == PC || step->m == PC) {
        return 0;
    }
    step->kind = kind & 7u;
    if (kind < 8u && second == 0u) {
        step->kind = (uint8_t)(kind >> 1);
        step->sets = kind & 1u;
        step->run = shift_by;
        return 1;
    }
    if (kind < 6u && second >= 8u) {
        step->amount = (uint8_t)((second & 3u) * 8u);
        step->run = extend_add;
        return second < 12u;
    }
    if (kind >= 8u && second < 8u) {
        step->amount = (uint8_t)second;
        step->run = parallel;
        return step->kind != 3u && step->kind != 7u && (second & 3u) != 3u;
    }
    step->kind = second & 3u;
    if (kind == 8u && second >= 8u && second < 12u) {
        step->run = add_saturating;
        return 1;
    }
    if (kind == 9u && second >= 8u && second < 12u) {
        step->run = bits_of;
        return 1;
    }
    if (kind == 10u && second == 8u) {
        step->run = choose_bytes;
        return 1;
    }
    step->kind = 4;
    step->run = bits_of;
    return kind == 11u && second == 8u;
}

static int64_t half_of(uint32_t value, uint32_t top) {
    return (int16_t)(top ? value >> 16 : value);
}

static void accumulated(tc_core *core, const tc_step *step, int64_t value) {
    const int64_t base = step->a == PC ? 0 : (int32_t)core->r[step->a];
    core->saturated |= base + value != (int32_t)(base + value);
    core->r[step->d] = (uint32_t)(base + value);
}

static void multiply_add(tc_core *core, const tc_step *step) {
    core->r[step->d] = core->r[step->n] * core->r[step->m] + (step->a == PC ? 0u : core->r[step->a]);
}

static void multiply_subtract(tc_core *core, const tc_step *step) {
    core->r[step->d] = core->r[step->a] - core->r[step->n] * core->r[step->m];
}

static void multiply_halves(tc_core *core, const tc_step *step) {
    accumulated(core, step, half_of(core->r[step->n], step->kind & 2u) * half_of(core->r[step->m], step->kind & 1u));
}

/* The sum of both products, or their difference; bit 0 of `kind`: with the halves of the second exchanged. */
static int64_t dual(const tc_core *core, const tc_step *step, int is_difference) {
    const uint32_t n = core->r[step->n], m = core->r[step->m];
    const int64_t low = half_of(n, 0) * half_of(m, step->kind & 1u);
    const int64_t high = half_of(n, 1) * half_of(m, !(step->kind & 1u));
    return is_difference ? low - high : low + high;
}

static void multiply_dual(tc_core *core, const tc_step *step) {
    accumulated(core, step, dual(core, step, 0));
}

static void multiply_dual_subtract(tc_core *core, const tc_step *step) {
    accumulated(core, step, dual(core, step, 1));
}

static void multiply_word_half(tc_core *core, const tc_step *step) {
    accumulated(core, step, (int64_t)(int32_t)core->r[step->n] * half_of(core->r[step->m], step->kind & 1u) >> 16);
}

static void multiply_top(tc_core *core, const tc_step *step) {
    const int64_t product = (int64_t)(int32_t)core->r[step->n] * (int32_t)core->r[step->m];
    const uint64_t base = step->a == PC ? 0u : (uint64_t)core->r[step->a] << 32;
    const uint64_t sum = step->size ? base - (uint64_t)product : base + (uint64_t)product;
    core->r[step->d] = (uint32_t)((sum + (step->kind & 1u ? 0x80000000u : 0u)) >> 32);
}

static void distances(tc_core *core, const tc_step *step) {
    uint32_t sum = step->a == PC ? 0u : core->r[step->a];
    for (uint32_t i = 0; i < 32u; i += 8u) {
        const int32_t difference = (int32_t)tc_bits(core->r[step->n], i, 8) - (int32_t)tc_bits(core->r[step->m], i, 8);
        sum += (uint32_t)(difference < 0 ? -difference : difference);
    }
    core->r[step->d] = sum;
}

static int multiplication(tc_step *step, uint32_t word) {
    static void (*const runs[8])(tc_core *, const tc_step *) = {
        multiply_add,           multiply_halves, multiply_dual, multiply_word_half,
        multiply_dual_subtract, multiply_top,    multiply_top,  distances,
    };
    const uint32_t kind = tc_bits(word, 20, 3), second = tc_bits(word, 4, 4);
    step->a = (uint8_t)tc_bits(word, 12, 4);
    step->kind = (uint8_t)second;
    step->size = kind == 6u;
    step->run = kind == 0u && second == 1u ? multiply_subtract : runs[kind];
    return second < (kind == 1u ? 4u : kind == 7u ? 1u : 2u) && step->d != PC && step->n != PC && step->m != PC;
}

static uint64_t pair(const tc_core *core, const tc_step *step) {
    return (uint64_t)core->r[step->d] << 32 | core->r[step->a];
}

static void put_pair(tc_core *core, const tc_step *step, uint64_t value) {
    core->r[step->a] = (uint32_t)value;
    core->r[step->d] = (uint32_t)(value >> 32);
}

static void multiply_signed(tc_core *core, const tc_step *step) {
    const uint64_t product = (uint64_t)((int64_t)(int32_t)core->r[step->n] * (int32_t)core->r[step->m]);
    put_pair(core, step, (step->size ? pair(core, step) : 0u) + product);
}

static void multiply_unsigned(tc_core *core, const tc_step *step) {
    put_pair(core, step, (step->size ? pair(core, step) : 0u) + (uint64_t)core->r[step->n] * core->r[step->m]);
}

static void multiply_add_both(tc_core *core, const tc_step *step) {
    put_pair(core, step, (uint64_t)core->r[step->n] * core->r[step->m] + (uint64_t)core->r[step->a] + core->r[step->d]);
}

static void multiply_long_halves(tc_core *core, const tc_step *step) {
    const int64_t product = half_of(core->r[step->n], step->kind & 2u) * half_of(core->r[step->m], step->kind & 1u);
    put_pair(core, step, pair(core, step) + (uint64_t)product);
}

static void multiply_long_dual(tc_core *core, const tc_step *step) {
    put_pair(core, step, pair(core, step) + (uint64_t)dual(core, step, step->size));
}

static void divide_signed(tc_core *core, const tc_step *step) {
    const int64_t n = (int32_t)core->r[step->n], m = (int32_t)core->r[step->m];
    core->r[step->d] = m == 0 ? 0u : (uint32_t)(n / m);
}

static void divide_unsigned(tc_core *core, const tc_step *step) {
    const uint32_t m = core->r[step->m];
    core->r[step->d] = m == 0u ? 0u : core->r[step->n] / m;
}

static int long_multiplication(tc_step *step, uint32_t word) {
    const uint32_t kind = tc_bits(word, 20, 3), second = tc_bits(word, 4, 4);
    step->a = (uint8_t)tc_bits(word, 12, 4);
    step->kind = (uint8_t)second;
    if (step->d == PC || step->n == PC || step->m == PC || (step->a == PC) != (second == 15u)) {
        return 0;
    }
    switch (kind << 4 | second) {
    case 0x00:
    case 0x40:
        step->size = kind == 4u;
        step->run = multiply_signed;
        return 1;
    case 0x20:
    case 0x60:
        step->size = kind == 6u;
        step->run = multiply_unsigned;
        return 1;
    case 0x1F:
        step->run = divide_signed;
        return 1;
    case 0x3F:
        step->run = divide_unsigned;
        return 1;
    case 0x48:
    case 0x49:
    case 0x4A:
    case 0x4B:
        step->run = multiply_long_halves;
        return 1;
    case 0x4C:
    case 0x4D:
    case 0x5C:
    case 0x5D:
        step->size = kind == 5u;
        step->run = multiply_long_dual;
        return 1;
    case 0x66:
        step->run = multiply_add_both;
        return 1;
    default:
        return 0;
    }
}

int tc_decode_media(tc_step *step, uint32_t word) {
    step->d = (uint8_t)tc_bits(word, 8, 4);
    step->n = (uint8_t)tc_bits(word, 16, 4);
    step->m = word & 15u;
    if (!(word & 0x01000000u)) {
        return by_registers(step, word);
    }
    return word & 0x00800000u ? long_multiplication(step, word) : multiplication(step, word);
}

/* Shifts of one register or of a pair, with rounding and saturation. `size`: bits to saturate to; `flags`: the same. */
enum { SATURATES = 1, ROUNDS = 2, IS_UNSIGNED = 4 };

/* `by` > 0 to the left. Saturation to `bits`, of which the result keeps the sign. */
static uint64_t shifted(tc_core *core, uint64_t value, int32_t by, uint32_t bits, uint32_t flags) {
    const int is_unsigned = (flags & IS_UNSIGNED) != 0u;
    __extension__ typedef __int128 wide;
    const wide exact = is_unsigned ? (wide)value : (wide)(int64_t)value;
    wide result;
    if (bits == 48u && by <= (is_unsigned ? -49 : -48)) { /* as QEMU: nothing is left of 48 bits */
        return 0;
    }
    if (by >= 64) {
        const wide far = (wide)1 << 100;
        result = exact == 0 || !(flags & SATURATES) ? 0 : exact > 0 ? far : -far;
    } else if (by > 0) {
        result = exact * ((wide)1 << by);
    } else {
        const int32_t right = -by > 100 ? 100 : -by;
        const wide half = flags & ROUNDS && right > 0 ? (wide)1 << (right - 1) : 0;
        result = (exact + half) >> right;
    }
    if (flags & SATURATES) {
        const wide high = ((wide)1 << (is_unsigned ? bits : bits - 1u)) - 1, low = is_unsigned ? 0 : -high - 1;
        const wide kept = result > high ? high : result < low ? low : result;
        core->saturated |= kept != result;
        result = kept;
    }
    return (uint64_t)result;
}

static int32_t amount_of(const tc_core *core, const tc_step *step) {
    return step->m == PC ? (int32_t)step->imm : (int8_t)core->r[step->m] * (step->kind ? -1 : 1);
}

static void shift_pair(tc_core *core, const tc_step *step) {
    put_pair(core, step, shifted(core, pair(core, step), amount_of(core, step), step->size, step->flags));
}

static void shift_one(tc_core *core, const tc_step *step) {
    const uint32_t value = core->r[step->d];
    const uint64_t wide = step->flags & IS_UNSIGNED ? value : (uint64_t)(int64_t)(int32_t)value;
    core->r[step->d] = (uint32_t)shifted(core, wide, amount_of(core, step), 32, step->flags);
}

int tc_decode_long_shift(tc_step *step, uint32_t word) {
    static const uint8_t by_imm[4] = {SATURATES | IS_UNSIGNED, ROUNDS | IS_UNSIGNED, ROUNDS, SATURATES};
    const uint32_t saturates = tc_bits(word, 16, 1), kind = tc_bits(word, 4, 2), is_one = tc_bits(word, 8, 4) == PC;
    const uint32_t imm = tc_bits(word, 12, 3) << 2 | tc_bits(word, 6, 2), amount = imm == 0u ? 32u : imm;
    const int is_left = kind == 0u || (kind == 3u);
    step->d = is_one ? (uint8_t)tc_bits(word, 16, 4) : (uint8_t)tc_bits(word, 8, 4);
    step->a = (uint8_t)(tc_bits(word, 16, 4) & 14u);
    step->run = is_one ? shift_one : shift_pair;
    step->size = 64;
    step->m = PC;
    if ((word & 15u) == PC) {
        if (word & 0x8000u) {
            return 0;
        }
        step->imm = is_left ? amount : 0u - amount;
        step->flags = is_one || saturates ? by_imm[kind] : kind == 1u ? IS_UNSIGNED : 0u;
        return is_one || saturates || kind != 3u;
    }
    step->m = (uint8_t)tc_bits(word, 12, 4);
    step->kind = kind == 2u;
    step->flags = is_one || saturates ? SATURATES | ROUNDS : 0u;
    step->flags |= kind == 0u ? IS_UNSIGNED : 0u;
    step->size = word & 0x80u ? 48 : 64;
    return (word & 15u) == SP && (word & 0x50u) == 0u && (!(word & 0x80u) || (saturates && !is_one)) && step->m != SP &&
           step->m != PC;
}

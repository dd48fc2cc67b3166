/* Memory functions, the same for every toolchain so that their instruction counts can be compared. */
#include <stdint.h>

#include "string.h"

#if defined(__ARM_FEATURE_UNALIGNED)
#define WORDS_ANYWHERE 1
#else
#define WORDS_ANYWHERE 0
#endif

typedef struct __attribute__((packed, may_alias)) {
    uint32_t value;
} loose_word;

static int word_moves(const void *to, const void *from) {
    return WORDS_ANYWHERE || (((uintptr_t)to | (uintptr_t)from) & 3u) == 0u;
}

static uint32_t load(const uint8_t *from) {
#if WORDS_ANYWHERE
    return ((const loose_word *)(const void *)from)->value;
#else
    return *(const uint32_t *)(const void *)from;
#endif
}

static void store(uint8_t *to, uint32_t value) {
#if WORDS_ANYWHERE
    ((loose_word *)(void *)to)->value = value;
#else
    *(uint32_t *)(void *)to = value;
#endif
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (word_moves(to, from)) {
        for (; bytes >= 16u; bytes -= 16u) {
            const uint32_t a = load(in), b = load(in + 4), c = load(in + 8), d = load(in + 12);
            store(out, a);
            store(out + 4, b);
            store(out + 8, c);
            store(out + 12, d);
            in += 16;
            out += 16;
        }
        for (; bytes >= 4u; bytes -= 4u) {
            store(out, load(in));
            in += 4;
            out += 4;
        }
    }
    for (; bytes > 0u; bytes--) {
        *out++ = *in++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((uintptr_t)out - (uintptr_t)in >= bytes) {
        if (word_moves(to, from)) {
            for (; bytes >= 4u; bytes -= 4u) {
                store(out, load(in));
                in += 4;
                out += 4;
            }
        }
        for (; bytes > 0u; bytes--) {
            *out++ = *in++;
        }
    } else {
        while (bytes > 0u) {
            bytes--;
            out[bytes] = in[bytes];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t bytes) {
    uint8_t *out = to;
    const uint8_t byte = (uint8_t)value;
    const uint32_t word = byte * 0x01010101u;
    for (; bytes > 0u && ((uintptr_t)out & 3u) != 0u; bytes--) {
        *out++ = byte;
    }
    for (; bytes >= 16u; bytes -= 16u) {
        store(out, word);
        store(out + 4, word);
        store(out + 8, word);
        store(out + 12, word);
        out += 16;
    }
    for (; bytes > 0u; bytes--) {
        *out++ = byte;
    }
    return to;
}

int memcmp(const void *one, const void *two, size_t bytes) {
    const uint8_t *a = one;
    const uint8_t *b = two;
    for (; bytes > 0u; bytes--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

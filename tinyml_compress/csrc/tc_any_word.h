/* Words wherever they lie. */
#ifndef TC_ANY_WORD_H
#define TC_ANY_WORD_H

#include "tc_base.h"

/* Words from and to any address: by bytes on cores that want them aligned. */
#if defined(__GNUC__)
typedef struct {
    uint32_t word;
} __attribute__((packed, may_alias)) tc_any_word;

typedef struct {
    uint32_t word;
} __attribute__((may_alias)) tc_aligned_word;

static TC_INLINE uint32_t tc_load32(const void *from) {
    return ((const tc_any_word *)from)->word;
}

static TC_INLINE void tc_store32(void *to, uint32_t word) {
    ((tc_any_word *)to)->word = word;
}
#else
static TC_INLINE uint32_t tc_load32(const void *from) {
    uint32_t word;
    TC_MEMCPY(&word, from, sizeof word);
    return word;
}

static TC_INLINE void tc_store32(void *to, uint32_t word) {
    TC_MEMCPY(to, &word, sizeof word);
}
#endif

/* Whether the core reads words wherever they lie as fast as aligned ones. */
#if defined(__ARM_FEATURE_UNALIGNED) || defined(__x86_64__) || defined(__aarch64__)
#define TC_WORDS_ANYWHERE 1
#else
#define TC_WORDS_ANYWHERE 0
#endif

/* Words that are known to be aligned, or not. */
static TC_INLINE uint32_t tc_load_word(const uint8_t *from, int aligned) {
#if defined(__GNUC__)
    if (aligned) {
        return ((const tc_aligned_word *)(const void *)from)->word;
    }
#else
    (void)aligned;
#endif
    return tc_load32(from);
}

static TC_INLINE void tc_store_word(uint8_t *to, uint32_t word, int aligned) {
#if defined(__GNUC__)
    if (aligned) {
        ((tc_aligned_word *)(void *)to)->word = word;
        return;
    }
#else
    (void)aligned;
#endif
    tc_store32(to, word);
}

#endif

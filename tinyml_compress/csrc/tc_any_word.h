/* Words wherever they lie. */
#ifndef TC_ANY_WORD_H
#define TC_ANY_WORD_H

#include "tc_base.h"

/* Words from and to any address: by bytes on cores that want them aligned. */
#if defined(__GNUC__)
typedef struct {
    uint32_t word;
} __attribute__((packed, may_alias)) tc_any_word;

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

#endif

/* Frames move to the front by as many bytes as come in, which take the places behind them. Four words at a time, or
 * compilers would call memmove, which need not be there. */
#include "tc_dsp.h"

#if defined(__GNUC__)
typedef uint32_t __attribute__((may_alias)) tc_slide_word;
#endif

TC_KERNEL void tc_x8_slide__c(const tc_slide_params *p, const void *in, void *out) {
    uint8_t *const frames = (uint8_t *)out;
    const int32_t kept = p->kept;
    const int32_t by = p->by;
    int32_t i = 0;
#if defined(__GNUC__)
    if (by % 4 == 0) { /* the window begins at a word, and all are whole ones */
        for (; i + 16 <= kept; i += 16) {
            const tc_slide_word *const from = (const tc_slide_word *)(const void *)(frames + i + by);
            tc_slide_word *const to = (tc_slide_word *)(void *)(frames + i);
            const uint32_t a = from[0];
            const uint32_t b = from[1];
            const uint32_t c = from[2];
            const uint32_t d = from[3];
            to[0] = a;
            to[1] = b;
            to[2] = c;
            to[3] = d;
        }
    }
#endif
    for (; i + 16 <= kept; i += 16) {
        const uint8_t *const from = frames + i + by;
        const uint32_t a = tc_load32(from);
        const uint32_t b = tc_load32(from + 4);
        const uint32_t c = tc_load32(from + 8);
        const uint32_t d = tc_load32(from + 12);
        tc_store32(frames + i, a);
        tc_store32(frames + i + 4, b);
        tc_store32(frames + i + 8, c);
        tc_store32(frames + i + 12, d);
    }
    uint8_t rest[16];
    TC_MEMCPY(rest, frames + i + by, (size_t)(kept - i));
    TC_MEMCPY(frames + i, rest, (size_t)(kept - i));
    TC_MEMCPY(frames + kept, in, (size_t)by);
}

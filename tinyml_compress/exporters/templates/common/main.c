/* Runs the self-test of tc_model and reports it; the exit code is 0 when it passed. On a board, replace ticks() by a
 * counter of the board's, and printf() by its serial port where it does not lead there by itself. */
#include <stdio.h>
#include <time.h>

#include "tc_model_selftest.h"

/* The union gives the arena an alignment that plain C99 can express; the rest is made up by hand. */
static union {
    uint64_t align;
    uint8_t bytes[TC_MODEL_SELFTEST_ARENA_BYTES + TC_MODEL_SELFTEST_ARENA_ALIGN];
} memory;

static uint32_t ticks(void) {
    return (uint32_t)clock();
}

int main(void) {
    const size_t past = (size_t)((uintptr_t)memory.bytes % TC_MODEL_SELFTEST_ARENA_ALIGN);
    void *const arena = &memory.bytes[past == 0u ? 0u : TC_MODEL_SELFTEST_ARENA_ALIGN - past];
    tc_model_selftest_result result;
    const int failed = tc_model_selftest(arena, ticks, &result);

    printf("tc_model: weights %s (CRC-32 0x%08lx)\n", (failed & TC_MODEL_SELFTEST_WEIGHTS) != 0 ? "WRONG" : "right",
           (unsigned long)result.weights_crc32);
    printf("tc_model: %lu of %lu vectors equal\n", (unsigned long)(result.vectors - result.wrong),
           (unsigned long)result.vectors);
    if (result.first_wrong >= 0) {
        printf("tc_model: vector %ld is the first that differs\n", (long)result.first_wrong);
    }
    printf("tc_model: %lu to %lu ticks per inference\n", (unsigned long)result.ticks_min,
           (unsigned long)result.ticks_max);
    printf("tc_model: self-test %s\n", failed == TC_MODEL_SELFTEST_PASSED ? "passed" : "FAILED");
    return failed == TC_MODEL_SELFTEST_PASSED ? 0 : 1;
}

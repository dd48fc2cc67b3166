/* Runs the self-test of tc_model and reports it over the serial port. */
#include <stdio.h>

#include "esp_timer.h"
#include "tc_model_selftest.h"

static uint8_t arena[TC_MODEL_SELFTEST_ARENA_BYTES] __attribute__((aligned(TC_MODEL_SELFTEST_ARENA_ALIGN)));

static uint32_t microseconds(void) {
    return (uint32_t)esp_timer_get_time();
}

void app_main(void) {
    tc_model_selftest_result result;
    const int failed = tc_model_selftest(arena, microseconds, &result);

    printf("tc_model: weights %s (CRC-32 0x%08lx)\n", (failed & TC_MODEL_SELFTEST_WEIGHTS) != 0 ? "WRONG" : "right",
           (unsigned long)result.weights_crc32);
    printf("tc_model: %lu of %lu vectors equal\n", (unsigned long)(result.vectors - result.wrong),
           (unsigned long)result.vectors);
    if (result.first_wrong >= 0) {
        printf("tc_model: vector %ld is the first that differs\n", (long)result.first_wrong);
    }
    printf("tc_model: %lu to %lu microseconds per inference\n", (unsigned long)result.ticks_min,
           (unsigned long)result.ticks_max);
    printf("tc_model: self-test %s\n", failed == TC_MODEL_SELFTEST_PASSED ? "passed" : "FAILED");
}

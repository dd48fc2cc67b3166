/* Runs the self-test of tc_model and reports it over the console. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "tc_model_selftest.h"

static uint8_t __aligned(TC_MODEL_SELFTEST_ARENA_ALIGN) arena[TC_MODEL_SELFTEST_ARENA_BYTES];

static uint32_t cycles(void) {
    return k_cycle_get_32();
}

int main(void) {
    tc_model_selftest_result result;
    const int failed = tc_model_selftest(arena, cycles, &result);

    printk("tc_model: weights %s (CRC-32 0x%08lx)\n", (failed & TC_MODEL_SELFTEST_WEIGHTS) != 0 ? "WRONG" : "right",
           (unsigned long)result.weights_crc32);
    printk("tc_model: %lu of %lu vectors equal\n", (unsigned long)(result.vectors - result.wrong),
           (unsigned long)result.vectors);
    if (result.first_wrong >= 0) {
        printk("tc_model: vector %ld is the first that differs\n", (long)result.first_wrong);
    }
    printk("tc_model: %lu to %lu cycles per inference\n", (unsigned long)result.ticks_min,
           (unsigned long)result.ticks_max);
    printk("tc_model: self-test %s\n", failed == TC_MODEL_SELFTEST_PASSED ? "passed" : "FAILED");
    return 0;
}

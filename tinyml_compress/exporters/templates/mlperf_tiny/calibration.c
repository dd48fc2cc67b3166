/* The calibration programs by number; tc_model_calibration.h says what for.
 * Made by tinyml_compress @version@; do not edit. */
#include "tc_model_calibration.h"

#include <string.h>

#include "tc_model_calibration_nets.h"

#define TC_MODEL_CALIBRATION_BYTES TC_FACT_ARENA_BYTES
#define TC_MODEL_CALIBRATION_ALIGN TC_FACT_ARENA_ALIGN
#define TC_MODEL_CALIBRATION_FILL TC_FACT_FILL /* a small number, whether of int8 or of float32 */

static int (*const tc_model_calibration_programs[])(void *arena) = {TC_FACT_TABLE};

static union {
    uint64_t align;
    uint8_t bytes[TC_MODEL_CALIBRATION_BYTES + TC_MODEL_CALIBRATION_ALIGN];
} tc_model_calibration_memory;

void tc_model_calibration_start(void) {
    (void)memset(&tc_model_calibration_memory, TC_MODEL_CALIBRATION_FILL, sizeof tc_model_calibration_memory);
}

int tc_model_calibration_run(uint32_t program) {
    uint8_t *bytes = tc_model_calibration_memory.bytes;
    const size_t past = (size_t)((uintptr_t)bytes % TC_MODEL_CALIBRATION_ALIGN);
    return tc_model_calibration_programs[program](&bytes[past == 0u ? 0u : TC_MODEL_CALIBRATION_ALIGN - past]);
}

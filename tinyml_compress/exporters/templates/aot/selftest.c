/* Self-test of tc_model; tc_model_selftest.h says what it does.
 * Made by tinyml_compress @version@ from the model with sha256
 * @sha256@; do not edit. */
#include "tc_model_selftest.h"

#include <string.h>

#include "tc_model_test_vectors.h"

#ifndef TC_MODEL_ARENAS /* one arena: all of the block but what lies behind it */
#define TC_MODEL_ARENAS(block) (block)
#endif

static void tc_model_time(uint32_t ticks, tc_model_selftest_result *result) {
    if (ticks < result->ticks_min) {
        result->ticks_min = ticks;
    }
    if (ticks > result->ticks_max) {
        result->ticks_max = ticks;
    }
}

#if defined(TC_MODEL_PULLS) || defined(TC_MODEL_PUSHES)
/* Rows come from the inputs of a vector, and those that are taken are compared with its outputs. */
typedef struct {
    const uint8_t *inputs;
    const uint8_t *outputs;
} tc_model_vector_rows;
#endif

#ifdef TC_MODEL_PULLS
static int tc_model_give(void *context, int input, int first, int count, void *target) {
    const uint8_t *bytes = ((const tc_model_vector_rows *)context)->inputs;
    const size_t row = tc_model_input_row_bytes[input];
    for (int i = 0; i < input; i++) {
        bytes += tc_model_input_bytes[i];
    }
    (void)memcpy(target, bytes + (size_t)first * row, (size_t)count * row);
    return 0;
}
#endif

#ifdef TC_MODEL_PUSHES
static int tc_model_take(void *context, int output, int first, int count, const void *source) {
    const uint8_t *bytes = ((const tc_model_vector_rows *)context)->outputs;
    const size_t row = tc_model_output_row_bytes[output];
    for (int i = 0; i < output; i++) {
        bytes += tc_model_output_bytes[i];
    }
    return memcmp(source, bytes + (size_t)first * row, (size_t)count * row);
}
#endif

#if defined(TC_MODEL_PULLS) && defined(TC_MODEL_PUSHES)
#define TC_MODEL_VECTOR_ROWS {tc_model_give, tc_model_take, &vector_rows}
#elif defined(TC_MODEL_PULLS)
#define TC_MODEL_VECTOR_ROWS {tc_model_give, &vector_rows}
#elif defined(TC_MODEL_PUSHES)
#define TC_MODEL_VECTOR_ROWS {tc_model_take, &vector_rows}
#endif

#ifdef TC_MODEL_STATE_BYTES
/* What the model keeps from one inference to the next lies behind the arena. */
static tc_model_state_t *tc_model_selftest_state(void *arena) {
    return (tc_model_state_t *)(void *)((uint8_t *)arena + (TC_MODEL_SELFTEST_ARENA_BYTES - TC_MODEL_STATE_BYTES));
}

/* Status 2: the model took the inputs in but has no result yet; expected zeros stand for that. */
static int tc_model_equal(int status, const void *found, const uint8_t *expected, size_t bytes) {
    size_t zeros = 0;
    if (status != 2) {
        return memcmp(found, expected, bytes) == 0;
    }
    while (zeros < bytes && expected[zeros] == 0u) {
        zeros++;
    }
    return zeros == bytes;
}
#else
static int tc_model_equal(int status, const void *found, const uint8_t *expected, size_t bytes) {
    (void)status;
    return memcmp(found, expected, bytes) == 0;
}
#endif

static int tc_model_step(void *arena, size_t vector) {
#ifdef TC_MODEL_VECTOR_ROWS
    tc_model_vector_rows vector_rows = {tc_model_vector_inputs[vector], tc_model_vector_outputs[vector]};
    const tc_model_rows_t rows = TC_MODEL_VECTOR_ROWS;
#else
    (void)vector;
#endif
#if defined(TC_MODEL_STATE_BYTES) && defined(TC_MODEL_VECTOR_ROWS)
    return tc_model_invoke(TC_MODEL_ARENAS(arena), tc_model_selftest_state(arena), &rows);
#elif defined(TC_MODEL_STATE_BYTES)
    return tc_model_invoke(TC_MODEL_ARENAS(arena), tc_model_selftest_state(arena));
#elif defined(TC_MODEL_VECTOR_ROWS)
    return tc_model_invoke(TC_MODEL_ARENAS(arena), &rows);
#else
    return tc_model_invoke(TC_MODEL_ARENAS(arena));
#endif
}

/* Whether one golden vector gives the bytes it has to give. */
static int tc_model_vector_equal(void *arena, size_t vector, tc_model_clock_fn clock,
                                 tc_model_selftest_result *result) {
    const uint8_t *bytes = tc_model_vector_inputs[vector];
    for (int i = 0; i < TC_MODEL_INPUT_COUNT; i++) {
        void *const input = tc_model_input(TC_MODEL_ARENAS(arena), i);
        if (input != NULL) { /* NULL: it comes by rows */
            (void)memcpy(input, bytes, tc_model_input_bytes[i]);
        }
        bytes += tc_model_input_bytes[i];
    }
    const uint32_t start = clock == NULL ? 0u : clock();
    const int status = tc_model_step(arena, vector);
    if (clock != NULL) {
        tc_model_time(clock() - start, result);
    }
    if (status == 1 || status == 3) {
        return 0;
    }
    bytes = tc_model_vector_outputs[vector];
    for (int i = 0; i < TC_MODEL_OUTPUT_COUNT; i++) {
        const void *const output = tc_model_output(TC_MODEL_ARENAS(arena), i);
        if (output != NULL && tc_model_equal(status, output, bytes, tc_model_output_bytes[i]) == 0) {
            return 0;
        }
        bytes += tc_model_output_bytes[i];
    }
    return 1;
}

int tc_model_selftest(void *arena, tc_model_clock_fn clock, tc_model_selftest_result *result) {
    int failed = TC_MODEL_SELFTEST_PASSED;
#ifdef TC_MODEL_LOADED_BYTES
    tc_model_load(); /* again does no harm */
#endif
    result->weights_crc32 = tc_model_weights_crc32();
    result->vectors = TC_MODEL_VECTOR_COUNT;
    result->wrong = 0u;
    result->first_wrong = -1;
    result->ticks_min = clock == NULL ? 0u : UINT32_MAX;
    result->ticks_max = 0u;
    if (result->weights_crc32 != TC_MODEL_SELFTEST_WEIGHTS_CRC32) {
        failed |= TC_MODEL_SELFTEST_WEIGHTS;
    }
    if (arena == NULL || ((uintptr_t)arena & (uintptr_t)(TC_MODEL_ARENA_ALIGN - 1)) != 0u) {
        result->ticks_min = 0u;
        return failed | TC_MODEL_SELFTEST_ARENA;
    }
#ifdef TC_MODEL_STATE_BYTES
    tc_model_init(tc_model_selftest_state(arena)); /* the vectors are one sequence */
#endif
    for (size_t vector = 0; vector < TC_MODEL_VECTOR_COUNT; vector++) {
        if (tc_model_vector_equal(arena, vector, clock, result) == 0) {
            if (result->wrong == 0u) {
                result->first_wrong = (int32_t)vector;
            }
            result->wrong++;
            failed |= TC_MODEL_SELFTEST_VECTORS;
        }
    }
    return failed;
}

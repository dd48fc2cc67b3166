/* Runs the golden vectors of tc_model: prints one line for each that differs, returns 0 when none does. */
#include <stdio.h>
#include <string.h>

#include "tc_model.h"
#include "tc_model_test_vectors.h"

#ifndef TC_MODEL_ARENAS /* one arena: all of the block */
#define TC_MODEL_ARENAS(block) (block)
#define TC_MODEL_ARENAS_BYTES TC_MODEL_ARENA_BYTES
#endif

/* The union gives the arena an alignment that plain C99 can express; the rest is made up by hand. */
static union {
    uint64_t align;
    uint8_t bytes[TC_MODEL_ARENAS_BYTES + TC_MODEL_ARENA_ALIGN];
} memory;

static void *aligned_arena(void) {
    const size_t past = (size_t)((uintptr_t)memory.bytes % TC_MODEL_ARENA_ALIGN);
    return memory.bytes + (past == 0u ? 0u : TC_MODEL_ARENA_ALIGN - past);
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
/* The vectors are one sequence: each inference goes on from the one before. */
static tc_model_state_t state;

static void start(void) {
    tc_model_init(&state);
}
#else
static void start(void) {
}
#endif

static int invoke(void *arena, int vector) {
#ifdef TC_MODEL_VECTOR_ROWS
    tc_model_vector_rows vector_rows = {tc_model_vector_inputs[vector], tc_model_vector_outputs[vector]};
    const tc_model_rows_t rows = TC_MODEL_VECTOR_ROWS;
#else
    (void)vector;
#endif
#if defined(TC_MODEL_STATE_BYTES) && defined(TC_MODEL_VECTOR_ROWS)
    return tc_model_invoke(TC_MODEL_ARENAS(arena), &state, &rows);
#elif defined(TC_MODEL_STATE_BYTES)
    return tc_model_invoke(TC_MODEL_ARENAS(arena), &state);
#elif defined(TC_MODEL_VECTOR_ROWS)
    return tc_model_invoke(TC_MODEL_ARENAS(arena), &rows);
#else
    return tc_model_invoke(TC_MODEL_ARENAS(arena));
#endif
}

static int differs(void *arena, int vector) {
    const uint8_t *bytes = tc_model_vector_inputs[vector];
    for (int i = 0; i < TC_MODEL_INPUT_COUNT; ++i) {
        void *const input = tc_model_input(TC_MODEL_ARENAS(arena), i);
        if (input != NULL) { /* NULL: it comes by rows */
            memcpy(input, bytes, tc_model_input_bytes[i]);
        }
        bytes += tc_model_input_bytes[i];
    }
    const int status = invoke(arena, vector);
    if (status != 0) {
        return status != 2; /* 2: no result yet, nothing to compare */
    }
    bytes = tc_model_vector_outputs[vector];
    for (int i = 0; i < TC_MODEL_OUTPUT_COUNT; ++i) {
        const void *const output = tc_model_output(TC_MODEL_ARENAS(arena), i);
        if (output != NULL && memcmp(output, bytes, tc_model_output_bytes[i]) != 0) {
            return 1;
        }
        bytes += tc_model_output_bytes[i];
    }
    return 0;
}

int main(void) {
    void *const arena = aligned_arena();
    int wrong = 0;
#ifdef TC_MODEL_LOADED_BYTES
    tc_model_load();
#endif
    start();
    for (int vector = 0; vector < TC_MODEL_VECTOR_COUNT; ++vector) {
        if (differs(arena, vector)) {
            printf("tc_model: vector %d differs\n", vector);
            ++wrong;
        }
    }
    printf("tc_model: %d of %d vectors equal\n", TC_MODEL_VECTOR_COUNT - wrong, TC_MODEL_VECTOR_COUNT);
    return wrong == 0 ? 0 : 1;
}

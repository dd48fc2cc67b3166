/* One inference. The emulator lays the inputs into the arena before reset and reads the outputs from it. */
#include <stdint.h>

#include "tc_config.h"

void tc_main(void);
void tc_done(void);

#ifndef TC_MORE_ARENAS /* those in further memories: their definitions, and how invoke takes them */
#define TC_MORE_ARENAS
#define TC_MORE_PARAMETERS
#define TC_MORE_ARGUMENTS
#endif
#ifndef TC_ARENA_SECTION
#define TC_ARENA_SECTION ".arena"
#endif

#ifdef TC_ROWS_BYTES
#include "string.h"

/* Inputs and outputs that come and go by rows lie in a memory that is not the board's. */
__attribute__((section(TC_ROWS_SECTION), used, aligned(16))) uint8_t tc_rows[TC_ROWS_BYTES];

struct place {
    uint32_t start, row_bytes;
};

struct row_calls {
#ifdef TC_PULLED
    int (*pull)(void *context, int input, int first, int count, void *target);
#endif
#ifdef TC_PUSHED
    int (*push)(void *context, int output, int first, int count, const void *source);
#endif
    void *context;
};

#ifdef TC_PULLED
static int tc_pull(void *context, int input, int first, int count, void *target) {
    static const struct place places[] = TC_PULLED;
    const struct place at = places[input];
    (void)context;
    memcpy(target, &tc_rows[at.start + (uint32_t)first * at.row_bytes], (uint32_t)count * at.row_bytes);
    return 0;
}
#endif
#ifdef TC_PUSHED
static int tc_push(void *context, int output, int first, int count, const void *source) {
    static const struct place places[] = TC_PUSHED;
    const struct place at = places[output];
    (void)context;
    memcpy(&tc_rows[at.start + (uint32_t)first * at.row_bytes], source, (uint32_t)count * at.row_bytes);
    return 0;
}
#endif

static const struct row_calls row_calls = {
#ifdef TC_PULLED
    .pull = tc_pull,
#endif
#ifdef TC_PUSHED
    .push = tc_push,
#endif
    .context = 0,
};
#define ROWS_PARAMETER , const struct row_calls *rows
#define ROWS_ARGUMENT , &row_calls
#else
#define ROWS_PARAMETER
#define ROWS_ARGUMENT
#endif

#ifdef TC_STATE_WORDS
int TC_INVOKE(void *arena TC_MORE_PARAMETERS, void *state ROWS_PARAMETER);
void TC_INIT(void *state);

/* The emulator carries the state from one run to the next: `tc_go_on` tells that it holds one. */
__attribute__((section(".arena"), used, aligned(8))) uint32_t tc_state[TC_STATE_WORDS];
__attribute__((section(".arena"), used)) volatile uint32_t tc_go_on;
#else
int TC_INVOKE(void *arena TC_MORE_PARAMETERS ROWS_PARAMETER);
#endif

/* A section of its own that no startup code clears. */
__attribute__((section(TC_ARENA_SECTION), used, aligned(TC_ARENA_ALIGN))) uint8_t tc_arena[TC_ARENA_BYTES];
TC_MORE_ARENAS

volatile int32_t tc_status;

#ifdef TC_LOAD
void TC_LOAD(void);
#endif

void tc_main(void) {
#ifdef TC_LOAD
    TC_LOAD();
#endif
#ifdef TC_STATE_WORDS
    if (tc_go_on == 0u) {
        TC_INIT(tc_state);
    }
    tc_status = TC_INVOKE(tc_arena TC_MORE_ARGUMENTS, tc_state ROWS_ARGUMENT);
#else
    tc_status = TC_INVOKE(tc_arena TC_MORE_ARGUMENTS ROWS_ARGUMENT);
#endif
    tc_done();
}

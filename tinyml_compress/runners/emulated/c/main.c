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

#ifdef TC_STATE_WORDS
int TC_INVOKE(void *arena TC_MORE_PARAMETERS, void *state);
void TC_INIT(void *state);

/* The emulator carries the state from one run to the next: `tc_go_on` tells that it holds one. */
__attribute__((section(".arena"), used, aligned(8))) uint32_t tc_state[TC_STATE_WORDS];
__attribute__((section(".arena"), used)) volatile uint32_t tc_go_on;
#else
int TC_INVOKE(void *arena TC_MORE_PARAMETERS);
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
    tc_status = TC_INVOKE(tc_arena TC_MORE_ARGUMENTS, tc_state);
#else
    tc_status = TC_INVOKE(tc_arena TC_MORE_ARGUMENTS);
#endif
    tc_done();
}

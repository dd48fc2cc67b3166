/* One inference. The emulator lays the inputs into the arena before reset and reads the outputs from it. */
#include <stdint.h>

#include "tc_config.h"

void tc_main(void);
void tc_done(void);

#ifdef TC_STATE_WORDS
int TC_INVOKE(void *arena, void *state);
void TC_INIT(void *state);

/* The emulator carries the state from one run to the next: `tc_go_on` tells that it holds one. */
__attribute__((section(".arena"), used, aligned(8))) uint32_t tc_state[TC_STATE_WORDS];
__attribute__((section(".arena"), used)) volatile uint32_t tc_go_on;
#else
int TC_INVOKE(void *arena);
#endif

/* A section of its own that no startup code clears. */
__attribute__((section(".arena"), used, aligned(TC_ARENA_ALIGN))) uint8_t tc_arena[TC_ARENA_BYTES];

volatile int32_t tc_status;

void tc_main(void) {
#ifdef TC_STATE_WORDS
    if (tc_go_on == 0u) {
        TC_INIT(tc_state);
    }
    tc_status = TC_INVOKE(tc_arena, tc_state);
#else
    tc_status = TC_INVOKE(tc_arena);
#endif
    tc_done();
}

/* One inference. The emulator lays the inputs into the arena before reset and reads the outputs from it. */
#include <stdint.h>

#include "tc_config.h"

void tc_main(void);
void tc_done(void);

int TC_INVOKE(void *arena);

/* A section of its own that no startup code clears. */
__attribute__((section(".arena"), used, aligned(TC_ARENA_ALIGN))) uint8_t tc_arena[TC_ARENA_BYTES];

volatile int32_t tc_status;

void tc_main(void) {
    tc_status = TC_INVOKE(tc_arena);
    tc_done();
}

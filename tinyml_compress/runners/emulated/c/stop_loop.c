/* The end, for an emulator that stops at the address of tc_done. */
void tc_done(void);

__attribute__((noinline)) void tc_done(void) {
    for (;;) {
        __asm__ volatile("");
    }
}

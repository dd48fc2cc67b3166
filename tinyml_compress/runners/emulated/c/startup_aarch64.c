/* Reset and memory initialization of an AArch64 core, which stands for a process of a Linux machine. */
#include <stdint.h>

extern uint32_t tc_data_start[], tc_data_end[], tc_data_load[], tc_bss_start[], tc_bss_end[];

void tc_main(void);
void tc_reset(void);
void tc_start(void);

/* Vectors are off at reset, and nothing before this may use one: compilers copy memory with them. */
__attribute__((section(".vectors"), naked, used)) void tc_reset(void) {
    __asm__ volatile("mov x0, #0x300000\n\t"
                     "msr cpacr_el1, x0\n\t"
                     "isb\n\t"
                     "b tc_start\n\t");
}

void tc_start(void) {
    const uint32_t *from = tc_data_load;
    for (uint32_t *to = tc_data_start; to < tc_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = tc_bss_start; to < tc_bss_end; to++) {
        *to = 0u;
    }
    tc_main();
}

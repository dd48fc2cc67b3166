/* Reset and memory initialization of a RISC-V core. */
#include <stdint.h>

extern uint32_t tc_data_start[], tc_data_end[], tc_data_load[], tc_bss_start[], tc_bss_end[];

void tc_main(void);
void tc_reset(void);
void tc_start(void);
void tc_failed(void);

__attribute__((section(".vectors"), naked, used)) void tc_reset(void) {
#if __riscv_xlen == 64
    __asm__ volatile("la sp, tc_stack_top\n\t"
                     "tail tc_start\n\t");
#else
    __asm__ volatile("lui sp, %hi(tc_stack_top)\n\t"
                     "addi sp, sp, %lo(tc_stack_top)\n\t"
                     "lui t0, %hi(tc_start)\n\t"
                     "jalr zero, %lo(tc_start)(t0)\n\t");
#endif
}

#if defined(__riscv_vector)
__attribute__((aligned(4), used)) static void tc_trap(void) {
    tc_failed();
}
#endif

void tc_start(void) {
#if defined(__riscv_flen) || defined(__riscv_vector)
    /* Floating point and vectors are off at reset: the fields FS and VS of mstatus. */
    const uint32_t units = 3u << 13 | 3u << 9;
    __asm__ volatile("csrs mstatus, %0" ::"r"(units));
#endif
#if defined(__riscv_vector)
    /* Faults end the run. */
    __asm__ volatile("csrw mtvec, %0" ::"r"(tc_trap));
#endif
    const uint32_t *from = tc_data_load;
    for (uint32_t *to = tc_data_start; to < tc_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = tc_bss_start; to < tc_bss_end; to++) {
        *to = 0u;
    }
    tc_main();
}

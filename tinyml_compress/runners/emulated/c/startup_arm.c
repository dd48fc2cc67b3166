/* Reset, vector table and memory initialization of a Cortex-M, and of a Cortex-A in its Thumb state. */
#include <stdint.h>

extern uint8_t tc_stack_top[];
extern uint32_t tc_data_start[], tc_data_end[], tc_data_load[], tc_bss_start[], tc_bss_end[];

void tc_main(void);
void tc_reset(void);
void tc_fault(void);
void tc_failed(void);

typedef struct {
    void *stack;
    void (*handlers[15])(void);
} tc_vector_table;

/* Armv6-M has the fewest vectors, but unused ones may hold anything. */
__attribute__((section(".vectors"), used)) const tc_vector_table tc_vectors = {
    tc_stack_top,
    {tc_reset, tc_fault, tc_fault, tc_fault, tc_fault, tc_fault, tc_fault, tc_fault, tc_fault, tc_fault, tc_fault,
     tc_fault, tc_fault, tc_fault, tc_fault},
};

void tc_fault(void) {
    tc_failed();
}

void tc_reset(void) {
#if __ARM_ARCH_PROFILE == 'A'
    /* The same coprocessors, behind instructions instead of addresses: no vector may be used before. */
    __asm__ volatile("mcr p15, 0, %0, c1, c0, 2\n\tisb\n\tvmsr fpexc, %1" ::"r"(0xFu << 20), "r"(1u << 30) : "memory");
#elif defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    /* Coprocessors 10 and 11 are off at reset: floating point and Helium. */
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
#if defined(__ARM_ARCH_8_1M_MAIN__) || defined(__ARM_FEATURE_MVE)
    /* So is the cache by which low-overhead loops end without a jump: CCR.LOB. */
    *(volatile uint32_t *)0xE000ED14u |= 1u << 19;
#endif
    __asm__ volatile("dsb\n\tisb" ::: "memory");
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

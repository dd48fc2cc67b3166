/* The end under QEMU: the RAM from the stack to the arena goes to a file of the host by semihosting, then the machine
 * stops. A fault stops it too, with another exit code. */
#include <stddef.h>
#include <stdint.h>

extern uint8_t tc_stack_bottom[], tc_ram_used_end[];

void tc_done(void);
void tc_failed(void);

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE = 0x05, SYS_EXIT = 0x18 };
#define STOPPED_BY_ITSELF 0x20026u
#define STOPPED_BY_FAULT 0x20023u
#define OPEN_TO_WRITE_BYTES 5u

#if defined(__riscv)
static uint32_t call_host(uint32_t operation, uintptr_t argument) {
    register uint32_t a0 __asm__("a0") = operation;
    register uintptr_t a1 __asm__("a1") = argument;
    /* The host knows its call by the three instructions, none of them short, on one page. */
    __asm__ volatile(".option push\n\t"
                     ".option norvc\n\t"
                     ".balign 16\n\t"
                     "slli zero, zero, 0x1f\n\t"
                     "ebreak\n\t"
                     "srai zero, zero, 7\n\t"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}
#else
static uint32_t call_host(uint32_t operation, uintptr_t argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
#endif

/* Where pointers have 64 bits, the reason lies in a block. */
static void leave(uintptr_t reason) {
#if UINTPTR_MAX > 0xffffffffu
    const uintptr_t block[2] = {reason, 0u};
    call_host(SYS_EXIT, (uintptr_t)block);
#else
    call_host(SYS_EXIT, reason);
#endif
}

__attribute__((noinline)) void tc_done(void) {
    static const char name[] = "ram.out";
    const uintptr_t open[3] = {(uintptr_t)name, OPEN_TO_WRITE_BYTES, sizeof name - 1u};
    const uint32_t file = call_host(SYS_OPEN, (uintptr_t)open);
    const uintptr_t write[3] = {file, (uintptr_t)tc_stack_bottom, (uintptr_t)(tc_ram_used_end - tc_stack_bottom)};
    call_host(SYS_WRITE, (uintptr_t)write);
    const uintptr_t close[1] = {file};
    call_host(SYS_CLOSE, (uintptr_t)close);
    leave(STOPPED_BY_ITSELF);
    for (;;) {
        __asm__ volatile("");
    }
}

__attribute__((noinline)) void tc_failed(void) {
    leave(STOPPED_BY_FAULT);
    for (;;) {
        __asm__ volatile("");
    }
}

/* tc_model on the console of whoever runs the core: semihosting, which emulators answer (`tinyml-compress serve`, QEMU
 * with -semihosting) and a debugger on a board. Takes the place of main.c; call tc_model_device_main() from start-up
 * code. Any Cortex-M, any RV32 core. */
#include <stddef.h>
#include <stdint.h>

#include "tc_model_mlperf.h"

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_ELAPSED = 0x30, SYS_TICKFREQ = 0x31 };
enum { TO_READ = 0, TO_WRITE = 4 };
enum { ROOM = 128 };
static const uintptr_t NOWHERE = ~(uintptr_t)0;

typedef struct {
    uintptr_t in, out;
    uintptr_t microphone, pins; /* files of these names, where the host has them */
    uint32_t ticks_per_microsecond;
    size_t next, filled, waiting;
    char received[ROOM];
    char sent[ROOM];
} tc_model_console;

uintptr_t tc_model_host(uintptr_t operation, const void *argument);
void tc_model_device_main(void);

/* The one way to the host: the operation and its argument, or the address of its arguments; gives the answer. */
#if defined(__riscv)
__asm__(".text\n"
        ".balign 4\n"
        ".global tc_model_host\n"
        ".type tc_model_host, @function\n"
        "tc_model_host:\n"
        ".option push\n"
        ".option norvc\n"
        "slli x0, x0, 0x1f\n"
        "ebreak\n"
        "srai x0, x0, 7\n"
        ".option pop\n"
        "ret\n"
        ".size tc_model_host, . - tc_model_host\n");
#else
__asm__(".syntax unified\n"
        ".text\n"
        ".balign 4\n"
        ".thumb\n"
        ".thumb_func\n"
        ".global tc_model_host\n"
        ".type tc_model_host, %function\n"
        "tc_model_host:\n"
        "bkpt 0xab\n"
        "bx lr\n"
        ".size tc_model_host, . - tc_model_host\n");
#endif

static uintptr_t opened(const char *name, uintptr_t length, uintptr_t mode) {
    const uintptr_t arguments[3] = {(uintptr_t)name, mode, length};
    return tc_model_host(SYS_OPEN, arguments);
}

static void send_waiting(tc_model_console *console) {
    const uintptr_t arguments[3] = {console->out, (uintptr_t)console->sent, console->waiting};
    if (console->waiting > 0u) {
        (void)tc_model_host(SYS_WRITE, arguments);
        console->waiting = 0u;
    }
}

static int line_read(void *context) {
    tc_model_console *console = (tc_model_console *)context;
    if (console->next == console->filled) {
        send_waiting(console);
        const uintptr_t arguments[3] = {console->in, (uintptr_t)console->received, ROOM};
        console->next = 0u;
        console->filled = ROOM - (size_t)tc_model_host(SYS_READ, arguments);
        if (console->filled == 0u) {
            return -1;
        }
    }
    return (unsigned char)console->received[console->next++];
}

static void line_write(void *context, char character) {
    tc_model_console *console = (tc_model_console *)context;
    console->sent[console->waiting++] = character;
    if (console->waiting == ROOM || character == '\n') {
        send_waiting(console);
    }
}

/* The low half of ticks / divisor, bit by bit: a core without a divider need not bring 64-bit helpers. */
static uint32_t divided(const uint32_t ticks[2], uint32_t divisor) {
    uint32_t rest = 0u, quotient = 0u;
    for (int bit = 63; bit >= 0; bit--) {
        rest = rest << 1 | (ticks[bit >> 5] >> (bit & 31) & 1u);
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1u;
        }
    }
    return quotient;
}

static uint32_t line_microseconds(void *context) {
    const tc_model_console *console = (const tc_model_console *)context;
    uint32_t ticks[2] = {0u, 0u};
    (void)tc_model_host(SYS_ELAPSED, ticks);
    return divided(ticks, console->ticks_per_microsecond);
}

static void line_pin(void *context, int which, int level) {
    const tc_model_console *console = (const tc_model_console *)context;
    const char change = (char)('0' + 2 * which + level);
    const uintptr_t arguments[3] = {console->pins, (uintptr_t)&change, 1u};
    (void)tc_model_host(SYS_WRITE, arguments);
}

/* The host gives all samples, or none as soon as there are characters. */
static int line_hear(void *context, int16_t *samples, size_t count) {
    tc_model_console *console = (tc_model_console *)context;
    const uintptr_t nbytes = (uintptr_t)(count * sizeof *samples);
    const uintptr_t arguments[3] = {console->microphone, (uintptr_t)samples, nbytes};
    send_waiting(console);
    return console->next == console->filled && tc_model_host(SYS_READ, arguments) == 0u;
}

void tc_model_device_main(void) {
    static tc_model_console console;
    tc_model_mlperf_port port = {line_read, line_write, line_microseconds, line_pin, line_hear, &console};
    console.in = opened(":tt", 3u, TO_READ);
    console.out = opened(":tt", 3u, TO_WRITE);
    console.microphone = opened("microphone", 10u, TO_READ);
    console.pins = opened("pins", 4u, TO_WRITE);
    if (console.microphone == NOWHERE) {
        port.hear = NULL;
    }
    if (console.pins == NOWHERE) {
        port.pin = NULL;
    }
    const uint32_t per_second = (uint32_t)tc_model_host(SYS_TICKFREQ, NULL);
    console.ticks_per_microsecond = per_second < 2000000u ? 1u : per_second / 1000000u;
    tc_model_mlperf_run(&port);
}

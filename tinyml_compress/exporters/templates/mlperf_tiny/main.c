/* tc_model on a line of characters: standard input and output, which on a board with newlib lead to its UART or to
 * semihosting. Replace the functions by those of your board. */
#include <stdio.h>
#include <time.h>

#include "tc_model_mlperf.h"

static int line_read(void *context) {
    (void)context;
    (void)fflush(stdout);
    return getchar();
}

static void line_write(void *context, char character) {
    (void)context;
    (void)putchar(character);
}

/* A counter of the board's instead: clock() is too coarse on most. */
static uint32_t line_microseconds(void *context) {
    (void)context;
    return (uint32_t)((double)clock() * (1.0e6 / (double)CLOCKS_PER_SEC));
}

int main(void) {
    const tc_model_mlperf_port port = {line_read, line_write, line_microseconds, NULL, NULL, NULL};
    tc_model_mlperf_run(&port);
    return 0;
}

/* Zephyr's serial ports, by polling. */
#ifndef LINE_ZEPHYR_UART_H
#define LINE_ZEPHYR_UART_H

#include <stdio.h>
#include <stdlib.h>
#include <zephyr/device.h>

static int uart_poll_in(const struct device *port, unsigned char *character) {
    const int next = getchar();
    (void)port;
    if (next == EOF) {
        fflush(stdout);
        exit(0);
    }
    *character = (unsigned char)next;
    return 0;
}

static void uart_poll_out(const struct device *port, unsigned char character) {
    (void)port;
    putchar(character);
}

#endif

/* tc_model on the console's serial port of a board that Zephyr knows. */
#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>

#include "tc_model_mlperf.h"

static const struct device *const console = DEVICE_DT_GET(DT_CHOSEN(zephyr_console));

static int line_read(void *context) {
    unsigned char character;
    (void)context;
    while (uart_poll_in(console, &character) != 0) {
    }
    return character;
}

static void line_write(void *context, char character) {
    (void)context;
    uart_poll_out(console, (unsigned char)character);
}

static uint32_t line_microseconds(void *context) {
    (void)context;
    return (uint32_t)k_ticks_to_us_floor64((uint64_t)k_uptime_ticks());
}

int main(void) {
    const tc_model_mlperf_port port = {line_read, line_write, line_microseconds, NULL, NULL, NULL};
    tc_model_mlperf_run(&port);
    return 0;
}

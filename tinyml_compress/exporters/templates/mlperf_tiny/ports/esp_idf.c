/* tc_model on the first serial port of an Espressif chip, which the board's USB bridge leads to. */
#include "driver/uart.h"
#include "esp_timer.h"
#include "tc_model_mlperf.h"

enum { ROOM = 256 };

static int line_read(void *context) {
    uint8_t character = 0;
    (void)context;
    while (uart_read_bytes(UART_NUM_0, &character, 1, portMAX_DELAY) != 1) {
    }
    return character;
}

static void line_write(void *context, char character) {
    (void)context;
    (void)uart_write_bytes(UART_NUM_0, &character, 1);
}

static uint32_t line_microseconds(void *context) {
    (void)context;
    return (uint32_t)esp_timer_get_time();
}

void app_main(void) {
    const tc_model_mlperf_port port = {line_read, line_write, line_microseconds, NULL, NULL, NULL};
    ESP_ERROR_CHECK(uart_driver_install(UART_NUM_0, ROOM, 0, 0, NULL, 0));
    tc_model_mlperf_run(&port);
}

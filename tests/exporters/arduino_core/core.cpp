/* The sketch runs setup() and one loop(); what it prints is kept in RAM, where the test reads it. */
#include "Arduino.h"

extern "C" {
void tc_main(void);
void tc_done(void);
char serial_text[1024];
uint32_t serial_baud;
}

static size_t written;

Printer Serial;

unsigned long micros(void) {
    static unsigned long now = 0xFFFFFF00UL; /* wraps on the way */
    now += 100;
    return now;
}

void delay(unsigned long milliseconds) {
    (void)milliseconds;
}

void Printer::begin(unsigned long baud) {
    serial_baud = baud;
}

void Printer::print(const char *text) {
    while (*text != '\0' && written < sizeof serial_text - 1) {
        serial_text[written++] = *text++;
    }
}

void Printer::print(unsigned long number, int base) {
    char digits[12];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do {
        digits[--at] = "0123456789ABCDEF"[number % static_cast<unsigned long>(base)];
        number /= static_cast<unsigned long>(base);
    } while (number != 0);
    print(digits + at);
}

void Printer::print(unsigned int number, int base) {
    print(static_cast<unsigned long>(number), base);
}

void Printer::print(long number) {
    if (number < 0) {
        print("-");
        number = -number;
    }
    print(static_cast<unsigned long>(number), 10);
}

void Printer::print(int number) {
    print(static_cast<long>(number));
}

void Printer::println(const char *text) {
    print(text);
    print("\n");
}

void tc_main(void) {
    setup();
    loop();
    tc_done();
}

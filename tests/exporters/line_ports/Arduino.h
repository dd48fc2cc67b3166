/* As much of an Arduino core as the device on a line uses, on standard input and output. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LED_BUILTIN 13
#define OUTPUT 1
#define HIGH 1
#define LOW 0

static unsigned long micros(void) {
    static unsigned long now;
    return now += 1000;
}

static inline void pinMode(int pin, int mode) {
    (void)pin;
    (void)mode;
}

static inline void digitalWrite(int pin, int level) {
    (void)pin;
    (void)level;
}

struct Line {
    void begin(unsigned long baud) {
        (void)baud;
    }
    int available(void) {
        const int next = getchar();
        if (next == EOF) {
            fflush(stdout);
            exit(0);
        }
        ungetc(next, stdin);
        return 1;
    }
    int read(void) {
        return getchar();
    }
    void write(uint8_t character) {
        putchar(character);
    }
};

static Line Serial;

#endif

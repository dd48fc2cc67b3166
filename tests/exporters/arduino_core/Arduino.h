/* As much of an Arduino core as the examples use: sketches compile against it and run in the emulator. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>

#define HEX 16

extern "C" {
unsigned long micros(void);
void delay(unsigned long milliseconds);
}

class Printer {
  public:
    void begin(unsigned long baud);
    void print(const char *text);
    void print(int number);
    void print(unsigned int number, int base = 10);
    void print(long number);
    void print(unsigned long number, int base = 10);
    void println(const char *text);
};

extern Printer Serial;

void setup();
void loop();

#endif

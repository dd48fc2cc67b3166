// tc_model on the serial port of an Arduino board. Copy the .c and .h files of the export beside this sketch, but
// not main.c, and give their folder the sketch's name.
#include "tc_model_mlperf.h"

static int line_read(void *context) {
  (void)context;
  while (Serial.available() == 0) {
  }
  return Serial.read();
}

static void line_write(void *context, char character) {
  (void)context;
  Serial.write((uint8_t)character);
}

static uint32_t line_microseconds(void *context) {
  (void)context;
  return static_cast<uint32_t>(micros());
}

static void line_pin(void *context, int which, int level) {
  (void)context;
  if (which == TC_MODEL_MLPERF_TIMESTAMP) {
    digitalWrite(LED_BUILTIN, level != 0 ? HIGH : LOW);
  }
}

void setup() {
  Serial.begin(115200);
  pinMode(LED_BUILTIN, OUTPUT);
}

void loop() {
  const tc_model_mlperf_port port = {line_read, line_write, line_microseconds, line_pin, nullptr, nullptr};
  tc_model_mlperf_run(&port);
}

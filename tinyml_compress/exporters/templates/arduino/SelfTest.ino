// Runs the self-test of tc_model again and again and reports it over the serial port (115200 baud).
#include <@public@>
#include <tc_model_selftest.h>

alignas(TC_MODEL_SELFTEST_ARENA_ALIGN) static uint8_t arena[TC_MODEL_SELFTEST_ARENA_BYTES];

static uint32_t microseconds() {
  return micros();
}

void setup() {
  Serial.begin(115200);
}

void loop() {
  tc_model_selftest_result result;
  const int failed = tc_model_selftest(arena, microseconds, &result);

  Serial.print("tc_model: weights ");
  Serial.print((failed & TC_MODEL_SELFTEST_WEIGHTS) != 0 ? "WRONG" : "right");
  Serial.print(" (CRC-32 0x");
  Serial.print(result.weights_crc32, HEX);
  Serial.println(")");
  Serial.print("tc_model: ");
  Serial.print(result.vectors - result.wrong);
  Serial.print(" of ");
  Serial.print(result.vectors);
  Serial.println(" vectors equal");
  if (result.first_wrong >= 0) {
    Serial.print("tc_model: vector ");
    Serial.print(result.first_wrong);
    Serial.println(" is the first that differs");
  }
  Serial.print("tc_model: ");
  Serial.print(result.ticks_min);
  Serial.print(" to ");
  Serial.print(result.ticks_max);
  Serial.println(" microseconds per inference");
  Serial.print("tc_model: self-test ");
  Serial.println(failed == TC_MODEL_SELFTEST_PASSED ? "passed" : "FAILED");
  delay(5000);
}

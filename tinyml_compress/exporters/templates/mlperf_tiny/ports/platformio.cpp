// The Arduino sketch as PlatformIO compiles it.
#include <Arduino.h>

#include "../arduino/tc_model_device/tc_model_device.ino"

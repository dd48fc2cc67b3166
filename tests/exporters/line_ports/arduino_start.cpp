/* What an Arduino core calls. */
#include <Arduino.h>

#include "sketch.ino"

int main() {
    setup();
    loop();
    return 0;
}

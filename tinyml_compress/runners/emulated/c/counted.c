/* Around a firmware that obeys a line: how many inferences it ran, of which the emulator makes its clock. */
#include <stdint.h>

#include "string.h"
#include "tc_config.h"

void tc_main(void);
void tc_done(void);
void TC_DEVICE_MAIN(void);
int TC_INVOKE(TC_PARAMETERS);
int TC_COUNTED(TC_PARAMETERS);

volatile uint32_t tc_inferences;

int TC_COUNTED(TC_PARAMETERS) {
    tc_inferences++;
    return TC_INVOKE(TC_ARGUMENTS);
}

void tc_main(void) {
    TC_DEVICE_MAIN();
    tc_done();
}

size_t strlen(const char *text) {
    const char *end = text;
    while (*end != '\0') {
        end++;
    }
    return (size_t)(end - text);
}

int strcmp(const char *one, const char *two) {
    while (*one != '\0' && *one == *two) {
        one++;
        two++;
    }
    return *(const unsigned char *)one - *(const unsigned char *)two;
}

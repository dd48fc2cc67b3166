#include "core.h"
int tc_decode_vector(tc_core *core, tc_step *step, uint32_t address, uint32_t word) {
    (void)core;
    (void)step;
    (void)address;
    (void)word;
    return 0;
}

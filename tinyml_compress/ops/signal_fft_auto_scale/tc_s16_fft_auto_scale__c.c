/* A frame shifted up until its largest magnitude fills 15 bits. Output may lie over input. */
#include "tc_base.h"
#include "tc_bits.h"

TC_KERNEL void tc_s16_fft_auto_scale__c(const tc_count_params *p, const int16_t *in, int16_t *out, int32_t *bits) {
    int16_t most = 0; /* 16 bits, as in the interpreter: the magnitude of -32768 becomes -32768 */
    for (int32_t i = 0; i < p->count; ++i) {
        if (in[i] > most) {
            most = in[i];
        } else if (-in[i] > most) {
            most = (int16_t)-in[i];
        }
    }
    const int32_t room = tc_leading_zeros((uint32_t)(int32_t)most) - 17;
    const int32_t shift = room > 0 && most != 0 ? room : 0;
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (int16_t)(in[i] * (1 << shift));
    }
    *bits = shift;
}

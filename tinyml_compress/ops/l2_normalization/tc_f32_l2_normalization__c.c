/* Vectors of float divided by their length. */
#include "tc_base.h"
#include "tc_sqrt.h"

TC_KERNEL void tc_f32_l2_normalization__c(const tc_l2_normalization_params *p, const float *in, float *out) {
    for (int32_t vector = 0; vector < p->vectors; ++vector, in += p->depth, out += p->depth) {
        float square = 0.0f;
        for (int32_t i = 0; i < p->depth; ++i) {
            const float product = in[i] * in[i];
            square += product;
        }
        const float root = tc_sqrt(square);
        const float length = root < 1e-6f ? 1e-6f : root;
        for (int32_t i = 0; i < p->depth; ++i) {
            out[i] = in[i] / length;
        }
    }
}

/* Sum of the int8 elements that one walk visits. */
#ifndef TC_S8_SUM_H
#define TC_S8_SUM_H

#include "tc_requant.h"
#include "tc_walk.h"

static TC_NOINLINE int32_t tc_s8_sum(const int8_t *in, const int32_t *table) {
    const int32_t row = table[1];
    const int32_t step = table[2];
    int32_t sum = 0;
    tc_walk walk;
    tc_walk_start(&walk);
    do {
        const int8_t *from = in + walk.offset[0];
        for (int32_t i = 0; i < row; ++i, from += step) {
            sum += *from;
        }
    } while (tc_walk_next(&walk, table, 1));
    return sum;
}

#endif

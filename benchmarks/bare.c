/* The least that an operator can do: its loads and stores in a loop, with one operation to keep them apart.
 * benchmarks/elementwise.py sets what stands in capitals; one of the functions is run. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* As many values as there were, each made of one. */
static inline void map(const A *a, const B *b, Y *y) {
    (void)b;
    for (int32_t i = 0; i < STORES; ++i) {
        y[i] = (Y)(a[i] + 1);
    }
}

/* Each made of one of either input. */
static inline void pair(const A *a, const B *b, Y *y) {
    for (int32_t i = 0; i < STORES; ++i) {
        y[i] = (Y)(a[i] + b[i]);
    }
}

/* The same bytes in another place. */
static inline void move(const A *a, const B *b, Y *y) {
    (void)b;
    memcpy(y, a, STORES * sizeof(Y));
}

/* Few values made of many, or many of few. */
static inline void few(const A *a, const B *b, Y *y) {
    (void)b;
    for (int32_t i = 0; i < STORES; ++i) {
        SUM sum = 0;
        for (int32_t j = 0; j < LOADS / STORES; ++j) {
            sum += a[i * (LOADS / STORES) + j];
        }
        y[i] = (Y)sum;
    }
}

static inline void many(const A *a, const B *b, Y *y) {
    (void)b;
    for (int32_t i = 0; i < LOADS; ++i) {
        for (int32_t j = 0; j < STORES / LOADS; ++j) {
            y[i * (STORES / LOADS) + j] = a[i];
        }
    }
}

/* Sums of products: a load of either side for each. */
static inline void products(const A *a, const B *b, Y *y) {
    for (int32_t i = 0; i < STORES; ++i) {
        SUM sum = 0;
        for (int32_t j = 0; j < LOADS / STORES; ++j) {
            sum += (SUM)a[j] * (SUM)b[j];
        }
        y[i] = (Y)sum;
    }
}

__attribute__((noinline, used)) static void NODE(uint8_t *arena) {
    LOOP((const A *)(arena + IN), (const B *)(arena + SECOND), (Y *)(arena + OUT));
}

int INVOKE(void *arena) {
    NODE((uint8_t *)arena);
    return 0;
}

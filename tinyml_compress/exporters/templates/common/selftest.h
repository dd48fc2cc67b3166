/* Self-test of tc_model, for the first lines of a firmware's main(): are the weights in this flash the right ones, does
 * this compiler's code on this core give the bytes it has to give, and how long does one inference take?
 * Made by tinyml_compress @version@ from the model with sha256
 * @sha256@; do not edit. */
#ifndef TC_MODEL_SELFTEST_H
#define TC_MODEL_SELFTEST_H

#include <stddef.h>
#include <stdint.h>

#include "@public@"

#ifdef __cplusplus
extern "C" {
#endif

/* What the weights' CRC-32 has to be. */
#define TC_MODEL_SELFTEST_WEIGHTS_CRC32 TC_FACT_CRC

/* RAM for the self-test; the firmware's own arena will do, and may be used for anything afterwards. */
#define TC_MODEL_SELFTEST_ARENA_BYTES TC_FACT_ARENA_BYTES
#define TC_MODEL_SELFTEST_ARENA_ALIGN TC_FACT_ARENA_ALIGN

#define TC_MODEL_SELFTEST_PASSED 0
#define TC_MODEL_SELFTEST_ARENA 1   /* the arena is NULL, misaligned or too small, or the model was refused */
#define TC_MODEL_SELFTEST_WEIGHTS 2 /* the weights in memory are not those of the model */
#define TC_MODEL_SELFTEST_VECTORS 4 /* a golden vector gave other bytes */

/* Any free-running counter: microseconds, cycles. It may wrap, and counts upwards. */
typedef uint32_t (*tc_model_clock_fn)(void);

typedef struct {
    uint32_t weights_crc32; /* found; TC_MODEL_SELFTEST_WEIGHTS_CRC32 is right */
    uint32_t vectors;       /* how many golden vectors there are */
    uint32_t wrong;         /* how many of them gave other bytes */
    int32_t first_wrong;    /* the first of those, or -1 */
    uint32_t ticks_min;     /* one inference by the clock, fastest and slowest; 0 without a clock */
    uint32_t ticks_max;
} tc_model_selftest_result;

/* Runs everything and fills `result`. Returns TC_MODEL_SELFTEST_PASSED, or the sum of what failed. `clock` may be
 * NULL. */
int tc_model_selftest(void *arena, tc_model_clock_fn clock, tc_model_selftest_result *result);

#ifdef __cplusplus
}
#endif

#endif /* TC_MODEL_SELFTEST_H */

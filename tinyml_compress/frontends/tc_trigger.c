/* What was heard: per watched class the sum of its last scores, a threshold, and a time in which it stays silent.
 * frontends/trigger.py says the same in Python. */
#include "tc_base.h"

typedef struct {
    int32_t output;
    uint32_t smoothing; /* scores in the sum */
    int32_t threshold;
    uint32_t refractory; /* steps */
} tc_trigger_class;

/* One class at one step: `score` is the newest one, `gone` the one that leaves the sum. Returns 1 where it triggers. */
TC_KERNEL uint32_t tc_trigger(const tc_trigger_class *watched, int32_t score, int32_t gone, int32_t *sum,
                              uint32_t *waits) {
    *sum += score - gone;
    if (*waits > 0u) {
        --*waits;
        return 0;
    }
    if (*sum < watched->threshold) {
        return 0;
    }
    *waits = watched->refractory - 1u;
    return 1;
}

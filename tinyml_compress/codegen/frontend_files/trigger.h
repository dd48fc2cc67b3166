#ifndef TC_MODEL_TRIGGER_H
#define TC_MODEL_TRIGGER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TC_MODEL_TRIGGER_SCORES TC_FACT_SCORES   /* outputs of the model */
#define TC_MODEL_TRIGGER_WATCHED TC_FACT_WATCHED /* classes that are listened for */
#define TC_MODEL_TRIGGER_LONGEST TC_FACT_LONGEST /* steps that are remembered */
TC_FACT_CLASSES

/* What was heard lately. The caller owns it; two sounds need one each. */
typedef struct {
    uint32_t at;
    int32_t sums[TC_MODEL_TRIGGER_WATCHED];
    uint32_t waits[TC_MODEL_TRIGGER_WATCHED];
    TC_FACT_KEPT kept[TC_MODEL_TRIGGER_LONGEST][TC_MODEL_TRIGGER_WATCHED];
} tc_model_trigger_t;

/* Before the first step, and to start anew. */
void tc_model_trigger_init(tc_model_trigger_t *trigger);

/* Once per inference, with all scores of the model's output. Returns a word with the bit of each class that was heard
 * in this very step. */
uint32_t tc_model_trigger_step(tc_model_trigger_t *trigger, const TC_FACT_TYPE *scores);

#ifdef __cplusplus
}
#endif

#endif

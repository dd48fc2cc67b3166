#ifndef TC_MODEL_RESAMPLER_H
#define TC_MODEL_RESAMPLER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TC_MODEL_RESAMPLER_SOURCE_RATE TC_FACT_SOURCE /* of the microphone */
#define TC_MODEL_RESAMPLER_SAMPLE_RATE TC_FACT_RATE   /* of the model */
#define TC_MODEL_RESAMPLER_TAPS TC_FACT_TAPS

/* What is room enough for the samples that `count` ones become. */
#define TC_MODEL_RESAMPLER_ROOM(count) (((count) * TC_FACT_UP + TC_FACT_DOWN - 1) / TC_FACT_DOWN + 1)

/* The newest samples. The caller owns it; two sounds need one each. */
typedef struct {
    int32_t place;
    int32_t ahead;
    int16_t newest[2 * TC_MODEL_RESAMPLER_TAPS];
} tc_model_resampler_t;

/* Before the first sample, and to start anew. */
void tc_model_resampler_start(tc_model_resampler_t *resampler);

/* From samples of the microphone to those of the model: returns how many were written to `resampled`, for
 * tc_model_frontend_write. */
size_t tc_model_resampler_run(tc_model_resampler_t *resampler, const int16_t *samples, size_t count,
                              int16_t *resampled);

#ifdef __cplusplus
}
#endif

#endif

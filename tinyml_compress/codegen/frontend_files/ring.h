#ifndef TC_MODEL_FRONTEND_H
#define TC_MODEL_FRONTEND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TC_MODEL_FRONTEND_SAMPLE_RATE TC_FACT_RATE
#define TC_MODEL_FRONTEND_WINDOW TC_FACT_WINDOW /* samples of a frame */
#define TC_MODEL_FRONTEND_HOP TC_FACT_HOP       /* samples from one frame to the next */
#define TC_MODEL_FRONTEND_VALUES TC_FACT_VALUES /* what a frame becomes: one row of the model's input */
#define TC_MODEL_FRONTEND_FRAMES TC_FACT_FRAMES /* rows of the model's input */

/* What one frame is computed in. */
typedef struct {
    TC_FACT_FIELDS
} tc_model_frontend_frame_t;

/* A frame, and the samples that wait for the next one. The caller owns it; two sounds need one each. */
typedef struct {
    tc_model_frontend_frame_t frame;
    volatile uint32_t head;
    volatile uint32_t tail;
    volatile uint32_t dropped;
    uint32_t held;
    uint32_t skip;
    volatile int16_t ring[TC_MODEL_FRONTEND_HOP + 1];
} tc_model_frontend_t;

/* Before the first sample, and to start anew. Returns 1 for another sample rate than the model's, else 0. */
int tc_model_frontend_init(tc_model_frontend_t *frontend, uint32_t sample_rate);

/* Takes samples, from an interrupt if you like, while `next` runs elsewhere on the same core. Returns how many found
 * room: TC_MODEL_FRONTEND_HOP wait at most. The others are lost, and counted in `dropped`. */
size_t tc_model_frontend_write(tc_model_frontend_t *frontend, const int16_t *samples, size_t count);

/* The same for microphones of 16 to 32 bits and 1, 2, 4 or 8 channels, interleaved: `count` moments of `channels`
 * samples each. Takes their mean, rounded to 16 bits. */
size_t tc_model_frontend_write_wide(tc_model_frontend_t *frontend, const int32_t *samples, size_t count, int channels,
                                    int bits);

/* The next row of the model's input; NULL while there are too few samples for it. It lasts until the next call. Call
 * it at least once per hop. */
const TC_FACT_TYPE *tc_model_frontend_next(tc_model_frontend_t *frontend);

/* The rows of a whole input move on by one, and `row` becomes the last of them. Keep the rows outside of the model's
 * arena, which an inference overwrites. */
void tc_model_frontend_slide(TC_FACT_TYPE *rows, const TC_FACT_TYPE *row);

/* One frame alone, as the first one of a sound: from `samples` of a tc_model_frontend_frame_t to its `row`. Returns 0,
 * or 1 for NULL. */
int tc_model_frontend_invoke(void *frame);

#ifdef __cplusplus
}
#endif

#endif

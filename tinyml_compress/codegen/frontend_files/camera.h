#ifndef TC_MODEL_FRONTEND_H
#define TC_MODEL_FRONTEND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The camera's picture: TC_FACT_PIXELS. */
#define TC_MODEL_FRONTEND_PICTURE_WIDTH TC_FACT_PICTURE_WIDTH
#define TC_MODEL_FRONTEND_PICTURE_HEIGHT TC_FACT_PICTURE_HEIGHT
#define TC_MODEL_FRONTEND_STRIDE TC_FACT_STRIDE /* bytes of its rows */
/* The model's input. */
#define TC_MODEL_FRONTEND_WIDTH TC_FACT_WIDTH
#define TC_MODEL_FRONTEND_HEIGHT TC_FACT_HEIGHT
#define TC_MODEL_FRONTEND_CHANNELS TC_FACT_CHANNELS

/* Two rows of the picture at the input's width, and the newest row of the input. The caller owns it. */
typedef struct {
    int32_t written;
    int32_t given;
    uint16_t lines[2][TC_MODEL_FRONTEND_WIDTH * TC_MODEL_FRONTEND_CHANNELS];
    TC_FACT_TYPE row[TC_MODEL_FRONTEND_WIDTH * TC_MODEL_FRONTEND_CHANNELS];
} tc_model_frontend_t;

/* A whole picture in memory, and what the model takes of it. */
typedef struct {
    tc_model_frontend_t frontend;
    TC_FACT_TYPE input[TC_MODEL_FRONTEND_HEIGHT * TC_MODEL_FRONTEND_WIDTH * TC_MODEL_FRONTEND_CHANNELS];
    uint8_t picture[TC_MODEL_FRONTEND_PICTURE_HEIGHT * TC_MODEL_FRONTEND_STRIDE];
} tc_model_frontend_frame_t;

/* Before the first row of every picture. */
void tc_model_frontend_start(tc_model_frontend_t *frontend);

/* The next row of the picture, from top to bottom. Call `next` after each until it returns NULL. */
void tc_model_frontend_write(tc_model_frontend_t *frontend, const uint8_t *pixels);

/* The next row of the model's input; NULL while it needs more rows of the picture, and behind the last one. It lasts
 * until the next call. */
const TC_FACT_TYPE *tc_model_frontend_next(tc_model_frontend_t *frontend);

/* All of it, for a picture that lies in memory. */
void tc_model_frontend_picture(tc_model_frontend_t *frontend, const uint8_t *picture, TC_FACT_TYPE *input);

/* The same within a tc_model_frontend_frame_t: from its `picture` to its `input`. Returns 0, or 1 for NULL. */
int tc_model_frontend_invoke(void *frame);

#ifdef __cplusplus
}
#endif

#endif

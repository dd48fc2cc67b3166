/* The device's side of MLPerf Tiny's serial protocol for tc_model: commands that end in '%', answers that end in
 * "m-ready". Give it functions of the board and call tc_model_mlperf_run() from main().
 * Made by tinyml_compress @version@ from the model with sha256
 * @sha256@; do not edit. */
#ifndef TC_MODEL_MLPERF_H
#define TC_MODEL_MLPERF_H

#include <stddef.h>
#include <stdint.h>

#include "tc_model_selftest.h"

/* Whether it listens: there is a front end, which makes the model's input of samples. */
#ifndef TC_MODEL_MLPERF_LISTENS
#define TC_MODEL_MLPERF_LISTENS TC_FACT_LISTENS
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What `name` and `profile` answer. The runner chooses its tests by the model's word: kws01, ic01, vww01, ad01,
 * sww01. */
#ifndef TC_MODEL_MLPERF_VENDOR
#define TC_MODEL_MLPERF_VENDOR "tinyml_compress"
#endif
#ifndef TC_MODEL_MLPERF_MODEL
#define TC_MODEL_MLPERF_MODEL "tc_model"
#endif
#ifndef TC_MODEL_MLPERF_PROFILE
#define TC_MODEL_MLPERF_PROFILE "ULPMark for tinyML Firmware V0.0.1"
#endif

/* What `db` brings. */
#define TC_MODEL_MLPERF_STORED 0 /* the input's bytes as they are stored */
#define TC_MODEL_MLPERF_PIXELS 1 /* unsigned bytes, 0 to 255, of an int8 input: 128 is taken off */
#define TC_MODEL_MLPERF_FLOATS 2 /* float32, little-endian: quantized here */
#ifndef TC_MODEL_MLPERF_INPUT
#define TC_MODEL_MLPERF_INPUT TC_FACT_INPUT_FORM
#endif

/* What `infer` answers: the outputs as real numbers, or the mean squared error between input and output. */
#ifndef TC_MODEL_MLPERF_ERROR
#define TC_MODEL_MLPERF_ERROR TC_FACT_IS_ERROR
#endif

/* Whether programs that tell what the core's instructions cost are there as well. */
#ifndef TC_MODEL_MLPERF_CALIBRATION
#define TC_MODEL_MLPERF_CALIBRATION TC_FACT_IS_CALIBRATION
#endif

/* What is heard: what the trigger stage says where there is one, else that this output reaches this much. */
#ifndef TC_MODEL_MLPERF_WAKE_WORD
#define TC_MODEL_MLPERF_WAKE_WORD 0
#endif
#ifndef TC_MODEL_MLPERF_THRESHOLD
#define TC_MODEL_MLPERF_THRESHOLD 0.5f
#endif
/* How many of its scores since `start` the device keeps, for `stop` to tell. */
#ifndef TC_MODEL_MLPERF_SCORES
#define TC_MODEL_MLPERF_SCORES 512
#endif

/* Pins that a power meter and the interface board watch. */
#define TC_MODEL_MLPERF_TIMESTAMP 0 /* low for a moment where a timestamp is taken */
#define TC_MODEL_MLPERF_DETECTED 1  /* low for a moment where the word is heard, and after the first samples */
#define TC_MODEL_MLPERF_BUSY 2      /* high from the arrival of samples until they are dealt with */

typedef struct {
    /* The next character of the line; waits for it. Below 0: the line is closed, and tc_model_mlperf_run() returns. */
    int (*read)(void *context);
    void (*write)(void *context, char character);
    /* Since any moment; it may wrap. */
    uint32_t (*microseconds)(void *context);
    /* One of the pins above becomes 0 or 1. NULL where there is none. */
    void (*pin)(void *context, int which, int level);
    /* The next `count` samples of the microphone, at TC_MODEL_FRONTEND_SAMPLE_RATE; waits for them, and returns 1. 0:
     * a character has come instead; what was heard is kept for the next call. NULL where nothing listens. */
    int (*hear)(void *context, int16_t *samples, size_t count);
    void *context;
} tc_model_mlperf_port;

/* Says that it is ready, then obeys until the line is closed. */
void tc_model_mlperf_run(const tc_model_mlperf_port *port);

#ifdef __cplusplus
}
#endif

#endif /* TC_MODEL_MLPERF_H */

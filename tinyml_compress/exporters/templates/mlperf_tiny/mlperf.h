/* The device's side of MLPerf Tiny's serial protocol for tc_model: commands that end in '%', answers that end in
 * "m-ready". Give it four functions and call tc_model_mlperf_run() from main().
 * Made by tinyml_compress @version@ from the model with sha256
 * @sha256@; do not edit. */
#ifndef TC_MODEL_MLPERF_H
#define TC_MODEL_MLPERF_H

#include <stdint.h>

#include "tc_model_selftest.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What `name` and `profile` answer. The runner chooses its tests by the model's word: kws01, ic01, vww01, ad01. */
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

typedef struct {
    /* The next character of the line; waits for it. Below 0: the line is closed, and tc_model_mlperf_run() returns. */
    int (*read)(void *context);
    void (*write)(void *context, char character);
    /* Since any moment; it may wrap. */
    uint32_t (*microseconds)(void *context);
    /* The pin that a power meter watches: low for a moment where a timestamp is taken. NULL where there is none. */
    void (*pin)(void *context, int level);
    void *context;
} tc_model_mlperf_port;

/* Says that it is ready, then obeys until the line is closed. */
void tc_model_mlperf_run(const tc_model_mlperf_port *port);

#ifdef __cplusplus
}
#endif

#endif /* TC_MODEL_MLPERF_H */

/* The part of tc_model_mlperf.c that listens: `start`, `stop`, and what happens to samples between them.
 * Made by tinyml_compress @version@ from the model with sha256
 * @sha256@; do not edit. */
#ifndef TC_MODEL_MLPERF_LISTENING_H
#define TC_MODEL_MLPERF_LISTENING_H

static void tc_model_start(tc_model_device *device, char *rest) {
    (void)rest;
    if (device->port->hear == NULL) {
        tc_model_say(device, "e-[No microphone: this port has no function that hears]\r\n");
        return;
    }
    device->is_listening = 1;
    device->hops = 0u;
    device->rows = 0u;
    device->scored = 0u;
    (void)tc_model_frontend_init(&device->frontend, TC_MODEL_FRONTEND_SAMPLE_RATE);
#if TC_FACT_IS_TRIGGER
    tc_model_trigger_init(&device->trigger);
#endif
#ifdef TC_MODEL_STATE_BYTES
    tc_model_init(tc_model_mlperf_state(tc_model_block()));
#endif
    tc_model_say_line(device, "m-listening-hz-", TC_MODEL_FRONTEND_SAMPLE_RATE, "\r\n");
    tc_model_timestamp(device); /* energy is measured from here on */
}

static void tc_model_say_score(const tc_model_device *device, int32_t score) {
    tc_model_say(device, score < 0 ? "-" : "");
    tc_model_say_number(device, (uint32_t)(score < 0 ? -score : score));
}

static void tc_model_stop(tc_model_device *device, char *rest) {
    (void)rest;
    if (!device->is_listening) {
        tc_model_say(device, "m-[Not listening]\r\n");
        return;
    }
    device->is_listening = 0;
    tc_model_timestamp(device);
    tc_model_say_line(device, "m-listened-steps-", device->scored, "\r\n");
    const uint32_t kept = device->scored < TC_MODEL_MLPERF_SCORES ? device->scored : TC_MODEL_MLPERF_SCORES;
    tc_model_say(device, "target activations: \r\n[");
    for (uint32_t i = 0u; i < kept; i++) {
        tc_model_say(device, i == 0u ? "" : i % 16u == 0u ? ",\r\n" : ",");
        tc_model_say_score(device, device->scores[i]);
    }
    tc_model_say(device, "]\r\n");
}

/* Whether the newest scores say so. */
static int tc_model_detects(tc_model_device *device, const void *block) {
#if TC_FACT_IS_TRIGGER
    return tc_model_trigger_step(&device->trigger,
                                 (const TC_FACT_LINE_OUTPUT_TYPE *)tc_model_output(TC_MODEL_ARENAS(block), 0)) != 0u;
#else
    (void)device;
    return tc_model_result(block, TC_MODEL_MLPERF_WAKE_WORD) >= TC_MODEL_MLPERF_THRESHOLD;
#endif
}

/* A row of the model's input, and the inference as soon as there are enough of them. */
static int tc_model_scores(tc_model_device *device, const TC_FACT_LINE_INPUT_TYPE *row) {
    void *block = tc_model_block();
    tc_model_frontend_slide(device->window, row);
    device->rows++;
    if (device->rows < TC_MODEL_FRONTEND_FRAMES) {
        return 0;
    }
#ifdef TC_MODEL_STATE_BYTES
    device->rows = 0u; /* it remembers those before */
#endif
    (void)memcpy(tc_model_input(TC_MODEL_ARENAS(block), 0), device->window, TC_MODEL_INPUT0_BYTES);
    if (tc_model_run(block) != 0) {
        return 0;
    }
    const TC_FACT_LINE_OUTPUT_TYPE *output =
        (const TC_FACT_LINE_OUTPUT_TYPE *)tc_model_output(TC_MODEL_ARENAS(block), 0);
    if (device->scored < TC_MODEL_MLPERF_SCORES) {
        device->scores[device->scored] = output[TC_MODEL_MLPERF_WAKE_WORD];
    }
    device->scored++;
    return tc_model_detects(device, block);
}

/* 0: a character has come instead of samples. */
static int tc_model_listened(tc_model_device *device) {
    const tc_model_mlperf_port *port = device->port;
    if (port->hear(port->context, device->heard, TC_MODEL_FRONTEND_HOP) == 0) {
        return 0;
    }
    tc_model_pin(device, TC_MODEL_MLPERF_BUSY, 1);
    (void)tc_model_frontend_write(&device->frontend, device->heard, TC_MODEL_FRONTEND_HOP);
    const TC_FACT_LINE_INPUT_TYPE *row;
    int detected = 0;
    while ((row = tc_model_frontend_next(&device->frontend)) != NULL) { /* until the ring is empty */
        detected |= tc_model_scores(device, row);
    }
    if (detected || device->hops == 0u) { /* the first pulse tells when listening began */
        (void)tc_model_pulse(device, TC_MODEL_MLPERF_DETECTED);
    }
    device->hops++;
    tc_model_pin(device, TC_MODEL_MLPERF_BUSY, 0);
    return 1;
}

#endif /* TC_MODEL_MLPERF_LISTENING_H */

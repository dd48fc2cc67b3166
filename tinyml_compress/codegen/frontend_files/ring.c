TC_FACT_NODES
static void tc_model_frontend_run(tc_model_frontend_frame_t *frame) {
    TC_FACT_CALLS
}

int tc_model_frontend_invoke(void *frame) {
    if (frame == NULL) {
        return 1;
    }
    TC_FACT_START_ALONE
    tc_model_frontend_run((tc_model_frontend_frame_t *)frame);
    return 0;
}

int tc_model_frontend_init(tc_model_frontend_t *frontend, uint32_t sample_rate) {
    frontend->head = 0;
    frontend->tail = 0;
    frontend->dropped = 0;
    frontend->held = 0;
    frontend->skip = 0;
    TC_FACT_START
    return sample_rate == TC_MODEL_FRONTEND_SAMPLE_RATE ? 0 : 1;
}

size_t tc_model_frontend_write(tc_model_frontend_t *frontend, const int16_t *samples, size_t count) {
    const uint32_t done = tc_ring_write(frontend->ring, TC_MODEL_FRONTEND_HOP + 1, &frontend->head, &frontend->tail,
                                        samples, (uint32_t)count);
    frontend->dropped = frontend->dropped + ((uint32_t)count - done);
    return done;
}

size_t tc_model_frontend_write_wide(tc_model_frontend_t *frontend, const int32_t *samples, size_t count, int channels,
                                    int bits) {
    const uint32_t done = tc_ring_write_wide(frontend->ring, TC_MODEL_FRONTEND_HOP + 1, &frontend->head,
                                             &frontend->tail, samples, (uint32_t)count, channels, bits);
    frontend->dropped = frontend->dropped + ((uint32_t)count - done);
    return done;
}

const TC_FACT_TYPE *tc_model_frontend_next(tc_model_frontend_t *frontend) {
    tc_model_frontend_frame_t *const frame = &frontend->frame;
    if (frontend->held == TC_MODEL_FRONTEND_WINDOW) { /* the end of the last frame is the start of this one */
        frontend->held = TC_FACT_KEPT;
        frontend->skip = TC_FACT_SKIPPED;
        for (uint32_t i = 0; i + TC_MODEL_FRONTEND_HOP < TC_MODEL_FRONTEND_WINDOW; ++i) {
            frame->samples[i] = frame->samples[i + TC_MODEL_FRONTEND_HOP];
        }
    }
    while (frontend->skip > 0u) {
        const uint32_t most = frontend->skip < TC_MODEL_FRONTEND_WINDOW ? frontend->skip : TC_MODEL_FRONTEND_WINDOW;
        const uint32_t done = tc_ring_read(frontend->ring, TC_MODEL_FRONTEND_HOP + 1, &frontend->head, &frontend->tail,
                                           frame->samples, most);
        if (done == 0u) {
            return NULL;
        }
        frontend->skip -= done;
    }
    frontend->held += tc_ring_read(frontend->ring, TC_MODEL_FRONTEND_HOP + 1, &frontend->head, &frontend->tail,
                                   frame->samples + frontend->held, TC_MODEL_FRONTEND_WINDOW - frontend->held);
    if (frontend->held < TC_MODEL_FRONTEND_WINDOW) {
        return NULL;
    }
    tc_model_frontend_run(frame);
    return frame->row;
}

void tc_model_frontend_slide(TC_FACT_TYPE *rows, const TC_FACT_TYPE *row) {
    for (int32_t i = 0; i < (TC_MODEL_FRONTEND_FRAMES - 1) * TC_MODEL_FRONTEND_VALUES; ++i) {
        rows[i] = rows[i + TC_MODEL_FRONTEND_VALUES];
    }
    for (int32_t i = 0; i < TC_MODEL_FRONTEND_VALUES; ++i) {
        rows[(TC_MODEL_FRONTEND_FRAMES - 1) * TC_MODEL_FRONTEND_VALUES + i] = row[i];
    }
}

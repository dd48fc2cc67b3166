static TC_INLINE void tc_model_frontend_values(const uint8_t *pixels, int32_t column, int32_t *values) {
    tc_model_frontend_pixel(pixels, column, values);
    TC_FACT_GREY
}

/* A row of the picture at the input's width, with 8 bits behind the point. */
static TC_NOINLINE void tc_model_frontend_node_0(tc_model_frontend_t *frontend, const uint8_t *pixels) {
    uint16_t *line = frontend->lines[frontend->written & 1];
    for (int32_t i = 0; i < TC_MODEL_FRONTEND_WIDTH; ++i) {
        const int32_t column = tc_model_frontend_t2_columns[i];
        const int32_t part = tc_model_frontend_t3_column_parts[i];
        int32_t here[3];
        int32_t next[3];
        tc_model_frontend_values(pixels, column, here);
        tc_model_frontend_values(pixels, column + (part != 0), next);
        for (int32_t channel = 0; channel < TC_MODEL_FRONTEND_CHANNELS; ++channel) {
            *line++ = (uint16_t)(here[channel] * (256 - part) + next[channel] * part);
        }
    }
}

/* A row of the input of the two newest ones. */
static TC_NOINLINE void tc_model_frontend_node_1(tc_model_frontend_t *frontend) {
    const int32_t first = tc_model_frontend_t0_rows[frontend->given];
    const int32_t part = tc_model_frontend_t1_row_parts[frontend->given];
    const uint16_t *above = frontend->lines[first & 1];
    const uint16_t *below = frontend->lines[(first + (part != 0)) & 1];
    TC_FACT_TYPE *row = frontend->row;
    for (int32_t i = 0; i < TC_MODEL_FRONTEND_WIDTH; ++i) {
        for (int32_t channel = 0; channel < TC_MODEL_FRONTEND_CHANNELS; ++channel) {
            const int32_t value = (*above++ * (256 - part) + *below++ * part + 32768) >> 16;
            *row++ = tc_model_frontend_t4_inputs[TC_FACT_SLICE + value];
        }
    }
}

void tc_model_frontend_start(tc_model_frontend_t *frontend) {
    frontend->written = 0;
    frontend->given = 0;
}

void tc_model_frontend_write(tc_model_frontend_t *frontend, const uint8_t *pixels) {
    if (frontend->given < TC_MODEL_FRONTEND_HEIGHT) {
        const int32_t behind = frontend->written - tc_model_frontend_t0_rows[frontend->given];
        if (behind == 0 || behind == 1) {
            tc_model_frontend_node_0(frontend, pixels);
        }
    }
    ++frontend->written;
}

const TC_FACT_TYPE *tc_model_frontend_next(tc_model_frontend_t *frontend) {
    if (frontend->given == TC_MODEL_FRONTEND_HEIGHT) {
        return NULL;
    }
    const int32_t more = tc_model_frontend_t1_row_parts[frontend->given] != 0;
    if (frontend->written <= tc_model_frontend_t0_rows[frontend->given] + more) {
        return NULL;
    }
    tc_model_frontend_node_1(frontend);
    ++frontend->given;
    return frontend->row;
}

void tc_model_frontend_picture(tc_model_frontend_t *frontend, const uint8_t *picture, TC_FACT_TYPE *input) {
    const size_t values = (size_t)TC_MODEL_FRONTEND_WIDTH * TC_MODEL_FRONTEND_CHANNELS;
    tc_model_frontend_start(frontend);
    for (size_t y = 0; y < TC_MODEL_FRONTEND_PICTURE_HEIGHT; ++y) {
        tc_model_frontend_write(frontend, picture + y * TC_MODEL_FRONTEND_STRIDE);
        for (;;) {
            const TC_FACT_TYPE *const row = tc_model_frontend_next(frontend);
            if (row == NULL) {
                break;
            }
            TC_MEMCPY(input, row, values * sizeof *input);
            input += values;
        }
    }
}

int tc_model_frontend_invoke(void *frame) {
    if (frame == NULL) {
        return 1;
    }
    tc_model_frontend_frame_t *const all = (tc_model_frontend_frame_t *)frame;
    tc_model_frontend_picture(&all->frontend, all->picture, all->input);
    return 0;
}

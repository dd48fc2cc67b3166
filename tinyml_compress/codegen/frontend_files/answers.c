/* TC_MODEL's memory behind the samples and the scores. */
typedef struct {
    uint8_t arena[TC_FACT_ARENA];
    TC_FACT_STATE
    tc_model_frontend_t frontend;
    TC_FACT_TYPE rows[TC_MODEL_FRONTEND_FRAMES * TC_MODEL_FRONTEND_VALUES];
} tc_model_answers_t;

/* One inference on the newest rows; returns how many rows of scores it gave. */
static int32_t tc_model_answers_step(tc_model_answers_t *all, TC_FACT_SCORE *scores) {
    TC_MEMCPY(tc_model_input(all->arena, 0), all->rows, sizeof all->rows);
    if (tc_model_invoke(TC_FACT_ARGUMENTS) != 0) {
        return 0;
    }
    TC_MEMCPY(scores, tc_model_output(all->arena, 0), TC_FACT_SCORES * sizeof *scores);
    return 1;
}

int tc_model_answers_invoke(void *memory) {
    if (memory == NULL) {
        return 1;
    }
    const int16_t *const samples = (const int16_t *)memory;
    TC_FACT_SCORE *const scores = (TC_FACT_SCORE *)(void *)((uint8_t *)memory + TC_FACT_SCORES_AT);
    int32_t *const answers = (int32_t *)(void *)((uint8_t *)memory + TC_FACT_ANSWERS_AT);
    tc_model_answers_t *const all = (tc_model_answers_t *)(void *)((uint8_t *)memory + TC_FACT_ALL_AT);
    TC_MEMSET(all->rows, 0, sizeof all->rows);
    TC_FACT_START
    *answers = 0;
    if (tc_model_frontend_init(&all->frontend, TC_MODEL_FRONTEND_SAMPLE_RATE) != 0) {
        return 1;
    }
    int32_t wait = TC_FACT_FIRST; /* rows until the next inference */
    for (size_t done = 0; done < TC_FACT_SAMPLES;) {
        const size_t rest = TC_FACT_SAMPLES - done;
        done += tc_model_frontend_write(&all->frontend, samples + done,
                                        rest < TC_MODEL_FRONTEND_HOP ? rest : TC_MODEL_FRONTEND_HOP);
        for (;;) {
            const TC_FACT_TYPE *const row = tc_model_frontend_next(&all->frontend);
            if (row == NULL) {
                break;
            }
            tc_model_frontend_slide(all->rows, row);
            if (--wait == 0) {
                wait = TC_FACT_EVERY;
                *answers += tc_model_answers_step(all, scores + *answers * TC_FACT_SCORES);
            }
        }
    }
    return 0;
}

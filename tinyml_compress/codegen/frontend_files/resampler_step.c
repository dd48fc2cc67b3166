static TC_NOINLINE void tc_model_resampler_node_0(uint8_t *memory) {
    tc_model_resampler_t *const resampler = (tc_model_resampler_t *)(void *)(memory + TC_FACT_STATE_AT);
    int16_t *const resampled = (int16_t *)(void *)(memory + TC_FACT_RESAMPLED_AT);
    (void)tc_model_resampler_run(resampler, (const int16_t *)(const void *)memory, TC_FACT_COUNT, resampled);
}

int tc_model_resampler_invoke(void *memory) {
    if (memory == NULL) {
        return 1;
    }
    tc_model_resampler_start((tc_model_resampler_t *)(void *)((uint8_t *)memory + TC_FACT_STATE_AT));
    tc_model_resampler_node_0((uint8_t *)memory);
    return 0;
}

static TC_NOINLINE void tc_model_trigger_node_0(uint8_t *memory) {
    tc_model_trigger_t *const trigger = (tc_model_trigger_t *)(void *)(memory + TC_FACT_TRIGGER_AT);
    uint32_t *const heard = (uint32_t *)(void *)(memory + TC_FACT_HEARD_AT);
    *heard = tc_model_trigger_step(trigger, (const TC_FACT_TYPE *)(const void *)memory);
}

int tc_model_trigger_invoke(void *memory) {
    if (memory == NULL) {
        return 1;
    }
    tc_model_trigger_init((tc_model_trigger_t *)(void *)((uint8_t *)memory + TC_FACT_TRIGGER_AT));
    tc_model_trigger_node_0((uint8_t *)memory);
    return 0;
}

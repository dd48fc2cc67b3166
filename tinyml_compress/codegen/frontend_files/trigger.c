void tc_model_trigger_init(tc_model_trigger_t *trigger) {
    trigger->at = 0;
    for (uint32_t i = 0; i < TC_MODEL_TRIGGER_WATCHED; ++i) {
        trigger->sums[i] = 0;
        trigger->waits[i] = 0;
        for (uint32_t k = 0; k < TC_MODEL_TRIGGER_LONGEST; ++k) {
            trigger->kept[k][i] = 0;
        }
    }
}

uint32_t tc_model_trigger_step(tc_model_trigger_t *trigger, const TC_FACT_TYPE *scores) {
    const uint32_t at = trigger->at;
    uint32_t heard = 0;
    for (uint32_t i = 0; i < TC_MODEL_TRIGGER_WATCHED; ++i) {
        const tc_trigger_class *const watched = &tc_model_trigger_classes[i];
        const uint32_t back = watched->smoothing;
        const uint32_t oldest = at < back ? at + TC_MODEL_TRIGGER_LONGEST - back : at - back;
        const int32_t score = scores[watched->output] - (TC_FACT_LOWEST);
        const int32_t gone = trigger->kept[oldest][i];
        trigger->kept[at][i] = (TC_FACT_KEPT)score;
        heard |= tc_trigger(watched, score, gone, &trigger->sums[i], &trigger->waits[i]) << i;
    }
    trigger->at = at + 1u == TC_MODEL_TRIGGER_LONGEST ? 0u : at + 1u;
    return heard;
}

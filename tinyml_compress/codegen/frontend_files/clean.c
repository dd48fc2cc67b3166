static TC_INLINE void tc_model_frontend_clean(tc_model_frontend_frame_t *frame) {
    frame->gone =
        tc_sound_clean(frame->samples, TC_MODEL_FRONTEND_WINDOW, TC_FACT_DC, TC_FACT_EMPHASIS, TC_FACT_CLEANED);
}

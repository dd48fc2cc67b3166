static TC_INLINE void tc_model_frontend_window(tc_model_frontend_frame_t *frame) {
    frame->left = tc_sound_window(&tc_model_frontend_p0, TC_FACT_CLEANED, TC_FACT_GONE, frame->points);
}

static TC_INLINE void tc_model_frontend_transform(tc_model_frontend_frame_t *frame) {
    tc_sound_transform(&tc_model_frontend_p0, frame->points);
}

static TC_INLINE void tc_model_frontend_bands(tc_model_frontend_frame_t *frame) {
    tc_sound_bands(&tc_model_frontend_p0, frame->points, frame->left, frame->logs);
    TC_FACT_PADDED
}

static TC_INLINE void tc_model_frontend_features(tc_model_frontend_frame_t *frame) {
    for (int32_t i = 0; i < TC_MODEL_FRONTEND_VALUES; ++i) {
        const int32_t feature = tc_sound_feature(&tc_model_frontend_p0, frame->logs, i);
        const int32_t input = tc_input(&tc_model_frontend_p1, feature, i);
        frame->row[i] = (TC_FACT_TYPE)tc_input_stored(&tc_model_frontend_p1, input);
    }
}

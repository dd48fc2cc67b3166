static TC_INLINE void tc_model_frontend_window(tc_model_frontend_frame_t *frame) {
    tc_float_window(&tc_model_frontend_p0, frame->samples, frame->points);
}

static TC_INLINE void tc_model_frontend_transform(tc_model_frontend_frame_t *frame) {
    tc_float_transform(&tc_model_frontend_p0, frame->points);
}

static TC_INLINE void tc_model_frontend_bands(tc_model_frontend_frame_t *frame) {
    tc_float_bands(&tc_model_frontend_p0, frame->points, frame->logs);
}

static TC_INLINE void tc_model_frontend_features(tc_model_frontend_frame_t *frame) {
    for (int32_t i = 0; i < TC_MODEL_FRONTEND_VALUES; ++i) {
        const float feature = tc_float_feature(&tc_model_frontend_p0, frame->logs, i);
        frame->row[i] = (TC_FACT_TYPE)tc_float_stored(&tc_model_frontend_p1, feature, i);
    }
}

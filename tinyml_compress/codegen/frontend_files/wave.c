static TC_INLINE void tc_model_frontend_inputs(tc_model_frontend_frame_t *frame) {
    for (int32_t i = 0; i < TC_MODEL_FRONTEND_VALUES; ++i) {
        const int32_t input = tc_input(&tc_model_frontend_p1, frame->samples[i], i);
        frame->row[i] = (TC_FACT_TYPE)tc_input_stored(&tc_model_frontend_p1, input);
    }
}

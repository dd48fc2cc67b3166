static TC_INLINE void tc_model_frontend_spectrum(tc_model_frontend_frame_t *frame) {
    for (int32_t i = 0; i < TC_FACT_AXES; ++i) {
        for (int32_t moment = 0; moment < TC_FACT_MOMENTS; ++moment) {
            frame->axis[moment] = frame->samples[moment * TC_FACT_AXES + i];
        }
        const int32_t gone = tc_sound_clean(frame->axis, TC_FACT_MOMENTS, 1, 0, frame->cleaned);
        const int32_t left = tc_sound_window(&tc_model_frontend_p0, frame->cleaned, gone, frame->points);
        tc_sound_transform(&tc_model_frontend_p0, frame->points);
        tc_sound_bands(&tc_model_frontend_p0, frame->points, left, frame->logs);
        int32_t *const features = frame->features + (i + 1) * TC_FACT_PER_AXIS - TC_FACT_BANDS;
        for (int32_t band = 0; band < TC_FACT_BANDS; ++band) {
            features[band] = tc_sound_feature(&tc_model_frontend_p0, frame->logs, band);
        }
    }
}

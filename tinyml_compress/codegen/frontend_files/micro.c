static TC_INLINE void tc_model_frontend_start(tc_model_frontend_frame_t *frame) {
    for (int32_t i = 0; i < TC_MODEL_FRONTEND_VALUES; ++i) {
        frame->noise[i] = 0;
    }
}

static TC_INLINE void tc_model_frontend_window(tc_model_frontend_frame_t *frame) {
    tc_s16_signal_window__c(&tc_model_frontend_window_p, frame->samples, tc_model_frontend_t0_window, frame->windowed);
    tc_s16_fft_auto_scale__c(&tc_model_frontend_samples_p, frame->windowed, frame->windowed, &frame->left);
}

static TC_INLINE void tc_model_frontend_transform(tc_model_frontend_frame_t *frame) {
    tc_s16_rfft__c(&tc_model_frontend_fft_p, frame->windowed, frame->spectrum);
}

static TC_INLINE void tc_model_frontend_bands(tc_model_frontend_frame_t *frame) {
    tc_s16_signal_energy__c(&tc_model_frontend_energy_p, frame->spectrum, frame->energies);
    tc_u32_filter_bank__c(&tc_model_frontend_bands_p, frame->energies, tc_model_frontend_t1_weights,
                          tc_model_frontend_t2_unweights, tc_model_frontend_t3_starts, tc_model_frontend_t4_firsts,
                          tc_model_frontend_t5_widths, frame->sums);
    tc_u64_square_root__c(&tc_model_frontend_count_p, frame->sums, &frame->left, frame->bands);
}

static TC_INLINE void tc_model_frontend_features(tc_model_frontend_frame_t *frame) {
    tc_u32_spectral_subtraction__c(&tc_model_frontend_noise_p, frame->bands, frame->noise, frame->bands, frame->noise);
    tc_u32_pcan__c(&tc_model_frontend_pcan_p, frame->bands, frame->noise, tc_model_frontend_t6_gains, frame->bands);
    tc_u32_filter_bank_log__c(&tc_model_frontend_log_p, frame->bands, frame->logs);
    for (int32_t i = 0; i < TC_MODEL_FRONTEND_VALUES; ++i) {
        const int32_t input = tc_input(&tc_model_frontend_p1, frame->logs[i], i);
        frame->row[i] = (TC_FACT_TYPE)tc_input_stored(&tc_model_frontend_p1, input);
    }
}

void tc_model_resampler_start(tc_model_resampler_t *resampler) {
    resampler->place = 0;
    resampler->ahead = 0;
    for (int32_t i = 0; i < 2 * TC_MODEL_RESAMPLER_TAPS; ++i) {
        resampler->newest[i] = 0;
    }
}

size_t tc_model_resampler_run(tc_model_resampler_t *resampler, const int16_t *samples, size_t count,
                              int16_t *resampled) {
    size_t done = 0;
    for (size_t i = 0; i < count; ++i) {
        /* each lies there twice, so that the newest ones are always in one piece */
        const int32_t place = resampler->place == 0 ? TC_MODEL_RESAMPLER_TAPS - 1 : resampler->place - 1;
        resampler->place = place;
        resampler->newest[place] = samples[i];
        resampler->newest[place + TC_MODEL_RESAMPLER_TAPS] = samples[i];
        for (; resampler->ahead < TC_FACT_UP; resampler->ahead += TC_FACT_DOWN) {
            const int16_t *weights = tc_model_resampler_t0_rows + resampler->ahead * TC_MODEL_RESAMPLER_TAPS;
            const int16_t *newest = resampler->newest + place;
            int32_t sum = 1 << 14;
            for (int32_t tap = 0; tap < TC_MODEL_RESAMPLER_TAPS; ++tap) {
                sum += (int32_t)newest[tap] * weights[tap];
            }
            sum >>= 15;
            resampled[done++] = (int16_t)(sum < -32768 ? -32768 : (sum > 32767 ? 32767 : sum));
        }
        resampler->ahead -= TC_FACT_UP;
    }
    return done;
}

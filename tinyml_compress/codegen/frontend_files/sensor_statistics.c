static TC_INLINE void tc_model_frontend_statistics(tc_model_frontend_frame_t *frame) {
    for (int32_t i = 0; i < TC_FACT_AXES; ++i) {
        const tc_sensor_axis axis = tc_sensor_summed(frame->samples + i, TC_FACT_AXES, TC_FACT_MOMENTS);
        int32_t *feature = frame->features + i * TC_FACT_PER_AXIS;
        TC_FACT_STATISTICS
    }
}

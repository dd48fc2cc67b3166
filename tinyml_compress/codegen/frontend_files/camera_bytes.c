static TC_INLINE void tc_model_frontend_pixel(const uint8_t *pixels, int32_t column, int32_t *colours) {
    const uint8_t *const pixel = pixels + TC_FACT_STEP * column;
    colours[0] = pixel[TC_FACT_RED];
    colours[1] = pixel[TC_FACT_GREEN];
    colours[2] = pixel[TC_FACT_BLUE];
}

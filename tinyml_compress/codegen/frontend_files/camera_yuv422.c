static TC_INLINE int32_t tc_model_frontend_byte(int32_t value) {
    return value < 0 ? 0 : (value > 255 ? 255 : value);
}

static TC_INLINE void tc_model_frontend_pixel(const uint8_t *pixels, int32_t column, int32_t *colours) {
    const uint8_t *const pair = pixels + 4 * (column >> 1);
    const int32_t y = pixels[2 * column];
    const int32_t u = pair[1] - 128;
    const int32_t v = pair[3] - 128;
    colours[0] = tc_model_frontend_byte(y + ((TC_FACT_V_RED * v + 128) >> 8));
    colours[1] = tc_model_frontend_byte(y - ((TC_FACT_U_GREEN * u + TC_FACT_V_GREEN * v + 128) >> 8));
    colours[2] = tc_model_frontend_byte(y + ((TC_FACT_U_BLUE * u + 128) >> 8));
}

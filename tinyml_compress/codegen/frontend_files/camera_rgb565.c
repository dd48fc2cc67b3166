static TC_INLINE void tc_model_frontend_pixel(const uint8_t *pixels, int32_t column, int32_t *colours) {
    const int32_t high = pixels[2 * column + TC_FACT_HIGH];
    const int32_t word = high * 256 + pixels[2 * column + 1 - TC_FACT_HIGH];
    const int32_t red = word >> 11;
    const int32_t green = (word >> 5) & 63;
    const int32_t blue = word & 31;
    colours[0] = (red << 3) | (red >> 2);
    colours[1] = (green << 2) | (green >> 4);
    colours[2] = (blue << 3) | (blue >> 2);
}

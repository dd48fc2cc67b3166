/* CRC-32 as zlib and Ethernet compute it, bit by bit: without a table it is small, and runs once at boot. `volatile`,
 * because the question is what the memory holds, not what the compiler knows of the constants. */
static uint32_t tc_model_crc32(uint32_t crc, const void *data, size_t bytes) {
    const volatile uint8_t *from = (const volatile uint8_t *)data;
    for (; bytes > 0u; bytes--) {
        crc ^= *from;
        from++;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return crc;
}

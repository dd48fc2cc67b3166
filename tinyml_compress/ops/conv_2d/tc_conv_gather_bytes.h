/* Convolution for any number of input channels: as in tc_conv_gather_words.h, but windows are first copied and padded
 * to fours, which their weights ignore. Windows that lie beside each other come from a band: the lines of the image
 * that a row of them sees, with zero points round them, so that none meets a border. Scratch: 16 bytes per pair of
 * values of one window, then the bytes of four windows, the band, then (for int4) the weights of two channels; `int4`
 * is a constant where it is called. */
#ifndef TC_CONV_GATHER_BYTES_H
#define TC_CONV_GATHER_BYTES_H

#include "tc_conv_pixels.h"
#include "tc_conv_widen.h"

/* A band has at most so many bytes; of a wider one the windows are copied tap by tap at the borders. */
#define TC_CONV_BAND 1024

static TC_NOINLINE int8_t *tc_conv_copy(int8_t *to, const int8_t *from, int32_t bytes) {
    for (; bytes >= 4; bytes -= 4, from += 4, to += 4) {
        tc_store32(to, tc_load32(from));
    }
    for (; bytes > 0; bytes--) {
        *to++ = *from++;
    }
    return to;
}

static TC_NOINLINE int8_t *tc_conv_zeros(int8_t *to, int32_t zero, int32_t bytes) {
    const uint32_t four = (uint32_t)(uint8_t)zero * 0x01010101u;
    for (; bytes >= 4; bytes -= 4, to += 4) {
        tc_store32(to, four);
    }
    for (; bytes > 0; bytes--) {
        *to++ = (int8_t)zero;
    }
    return to;
}

static TC_NOINLINE void tc_conv_window(const tc_s8_conv_block *p, const tc_conv_at *at, int8_t *to) {
    const int32_t run = p->window.kernel_w * p->window.in_c;
    const int32_t line = p->window.in_w * p->window.in_c;
    const int32_t left = at->x * p->window.stride_w - p->window.pad_left;
    const int whole = p->window.dilation_w == 1 && left >= 0 && left + p->window.kernel_w <= p->window.in_w;
    int32_t y = at->y * p->window.stride_h - p->window.pad_top;
    for (int32_t ky = p->window.kernel_h; ky > 0; ky--, y += p->window.dilation_h) {
        if (y < 0 || y >= p->window.in_h) {
            to = tc_conv_zeros(to, p->in_zero, run);
            continue;
        }
        const int8_t *row = at->image + y * line;
        if (whole) {
            to = tc_conv_copy(to, row + left * p->window.in_c, run);
            continue;
        }
        int32_t x = left;
        for (int32_t kx = p->window.kernel_w; kx > 0; kx--, x += p->window.dilation_w) {
            to = x < 0 || x >= p->window.in_w ? tc_conv_zeros(to, p->in_zero, p->window.in_c)
                                              : tc_conv_copy(to, row + x * p->window.in_c, p->window.in_c);
        }
    }
}

/* Bytes of a line of the band. */
static TC_INLINE int32_t tc_conv_pitch(const tc_s8_conv_block *p) {
    const int32_t columns =
        (p->window.out_w - 1) * p->window.stride_w + (p->window.kernel_w - 1) * p->window.dilation_w + 1;
    return (columns * p->window.in_c + 3) / 4 * 4;
}

/* The lines that the windows of an output row see. */
static TC_NOINLINE void tc_conv_fill(const tc_s8_conv_block *p, const tc_conv_at *at, int8_t *band, int32_t pitch) {
    const int32_t line = p->window.in_w * p->window.in_c;
    const int32_t before = p->window.pad_left * p->window.in_c;
    const int32_t bytes = line < pitch - before ? line : pitch - before;
    int32_t y = at->y * p->window.stride_h - p->window.pad_top;
    for (int32_t ky = p->window.kernel_h; ky > 0; ky--, y += p->window.dilation_h, band += pitch) {
        if (y < 0 || y >= p->window.in_h) {
            (void)tc_conv_zeros(band + before, p->in_zero, bytes);
        } else {
            (void)tc_conv_copy(band + before, at->image + y * line, bytes);
        }
    }
}

/* Runs of up to three words, so many at once: strips call a kernel with several windows, whose loops are then no
 * constants. */
static TC_INLINE void tc_conv_short_runs(const int8_t *line, int32_t pitch, int8_t *to, int32_t run, int32_t lines,
                                         int32_t words) {
    for (; lines > 0; lines--, line += pitch, to += run) {
        const uint32_t first = tc_load32(line);
        const uint32_t second = words > 1 ? tc_load32(line + 4) : 0;
        if (words > 2) {
            const uint32_t third = tc_load32(line + 8);
            tc_store32(to + 8, third);
        }
        if (words > 1) {
            tc_store32(to + 4, second);
        }
        tc_store32(to, first);
    }
}

/* A window by words: what a run's last word has too much, the next run covers. */
static TC_INLINE void tc_conv_from_band(const tc_s8_conv_block *p, const int8_t *line, int32_t pitch, int8_t *to) {
    const int whole = p->window.dilation_w == 1;
    const int32_t run = (whole ? p->window.kernel_w : 1) * p->window.in_c;
    if (whole && run > 8 && run <= 12) {
        tc_conv_short_runs(line, pitch, to, run, p->window.kernel_h, 3);
        return;
    }
    if (whole && run > 4 && run <= 8) {
        tc_conv_short_runs(line, pitch, to, run, p->window.kernel_h, 2);
        return;
    }
    if (whole && run <= 4) {
        tc_conv_short_runs(line, pitch, to, run, p->window.kernel_h, 1);
        return;
    }
    for (int32_t ky = p->window.kernel_h; ky > 0; ky--, line += pitch) {
        const int8_t *from = line;
        for (int32_t kx = whole ? 1 : p->window.kernel_w; kx > 0; kx--, to += run) {
            int32_t at = 0;
            for (; at + 4 < run; at += 8) {
                const uint32_t first = tc_load32(from + at);
                const uint32_t second = tc_load32(from + at + 4);
                tc_store32(to + at, first);
                tc_store32(to + at + 4, second);
            }
            if (at < run) {
                tc_store32(to + at, tc_load32(from + at));
            }
            from += p->window.dilation_w * p->window.in_c;
        }
    }
}

static TC_INLINE void tc_conv_bytes(const tc_s8_conv_block *p, const int8_t *weights, const int8_t *in, int8_t *out,
                                    void *scratch, tc_conv_block block, int int4, int scaled) {
    uint32_t *values = (uint32_t *)scratch;
    int8_t *windows;
    const int32_t *channels = tc_conv_channels(p, (int32_t *)scratch + 4 * p->depth_pairs, &windows, scaled);
    const int32_t bytes = 2 * p->depth_pairs;
    const int8_t *const from[4] = {windows, windows + bytes, windows + 2 * bytes, windows + 3 * bytes};
    const int32_t pitch = tc_conv_pitch(p);
    const int banded = p->window.out_w > 1 && p->window.kernel_h * pitch <= TC_CONV_BAND;
    int8_t *const band = windows + 4 * bytes + 8;
    int8_t *const behind = windows + 4 * bytes + (banded ? 16 + p->window.kernel_h * pitch : 0);
    tc_conv_at at = {in, 0, 0};
    int32_t left = p->window.batch * p->window.out_h * p->window.out_w;
    (void)tc_conv_zeros(windows, 0, 4 * bytes);
    if (banded) {
        (void)tc_conv_zeros(band, p->in_zero, 8 + p->window.kernel_h * pitch);
    }
    for (; left > 0; left -= 4) {
        const int32_t count = left < 4 ? left : 4;
        for (int32_t i = 0; i < count; i++) {
            if (banded) {
                if (at.x == 0) {
                    tc_conv_fill(p, &at, band, pitch);
                }
                tc_conv_from_band(p, band + at.x * p->window.stride_w * p->window.in_c, pitch, windows + i * bytes);
            } else {
                tc_conv_window(p, &at, windows + i * bytes);
            }
            tc_conv_next(p, &at);
        }
        (void)tc_conv_widen(values, from, bytes / 4);
        if (int4) {
            tc_conv_run4(p, values, channels, out, count, block, (uint32_t *)(void *)behind);
        } else {
            tc_conv_run(p, weights, values, channels, out, count, block);
        }
        out += 4 * p->window.out_c;
    }
}

#endif

/* Samples on their way from an interrupt to the front end: a ring that one side fills and the other empties. Each side
 * writes its own index alone, after the samples; one place of the ring stays empty. */
#include "tc_base.h"

/* Returns how many samples found room. */
TC_KERNEL uint32_t tc_ring_write(volatile int16_t *ring, uint32_t size, volatile uint32_t *head,
                                 const volatile uint32_t *tail, const int16_t *samples, uint32_t count) {
    const uint32_t end = *tail;
    uint32_t at = *head;
    uint32_t done = 0;
    for (; done < count; ++done) {
        const uint32_t next = at + 1u == size ? 0u : at + 1u;
        if (next == end) {
            break;
        }
        ring[at] = samples[done];
        at = next;
    }
    *head = at;
    return done;
}

/* The same for samples of `bits` bits, 1, 2, 4 or 8 channels one behind the other: their mean, rounded to 16 bits.
 * Returns how many moments found room. */
TC_KERNEL uint32_t tc_ring_write_wide(volatile int16_t *ring, uint32_t size, volatile uint32_t *head,
                                      const volatile uint32_t *tail, const int32_t *samples, uint32_t count,
                                      int32_t channels, int32_t bits) {
    int32_t right = bits - 16;
    for (int32_t rest = channels; rest > 1; rest /= 2) {
        ++right;
    }
    const int64_t half = ((int64_t)1 << right) >> 1;
    uint32_t done = 0;
    for (; done < count; ++done, samples += channels) {
        int64_t sum = half;
        for (int32_t channel = 0; channel < channels; ++channel) {
            sum += samples[channel];
        }
        const int64_t mean = sum >> right;
        const int16_t made = (int16_t)(mean > INT16_MAX ? INT16_MAX : mean);
        if (tc_ring_write(ring, size, head, tail, &made, 1) == 0u) {
            break;
        }
    }
    return done;
}

/* Returns how many samples there were, at most `count`. */
TC_KERNEL uint32_t tc_ring_read(const volatile int16_t *ring, uint32_t size, const volatile uint32_t *head,
                                volatile uint32_t *tail, int16_t *samples, uint32_t count) {
    const uint32_t end = *head;
    uint32_t at = *tail;
    uint32_t done = 0;
    for (; done < count && at != end; ++done) {
        samples[done] = ring[at];
        at = at + 1u == size ? 0u : at + 1u;
    }
    *tail = at;
    return done;
}

/* Samples on their way from an interrupt to the front end: a ring that one side fills and the other empties. Each side
 * writes its own index alone, after the samples; one place of the ring stays empty. */
#include "tc_sound.h"

/* Returns how many samples found room. */
TC_KERNEL uint32_t tc_sound_write(volatile int16_t *ring, uint32_t size, volatile uint32_t *head,
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

/* Returns how many samples there were, at most `count`. */
TC_KERNEL uint32_t tc_sound_read(const volatile int16_t *ring, uint32_t size, const volatile uint32_t *head,
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

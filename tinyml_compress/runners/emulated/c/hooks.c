/* Runs inside the emulator, on the host: called at the start of every basic block and at every instruction.
 * Python would take a microsecond per call, this takes a few nanoseconds. Needs no C library. */
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

enum { KEEP = -1 };

/* How often one block ran on behalf of one node, and how often it was left by a jump. */
typedef struct {
    uint64_t count;
    uint64_t jumped;
    uint32_t address;
    uint32_t bytes;
    int32_t owner;
    uint32_t used;
} tc_entry;

typedef struct {
    tc_entry *entries; /* hash table of mask + 1 slots */
    tc_entry *last;
    const int16_t *owner_of; /* per halfword of code: a node, between nodes, outside, or KEEP */
    int (*stop)(void *engine);
    uint64_t bytes_left; /* of code to execute, before the run counts as endless */
    uint32_t mask;
    uint32_t entries_used;
    uint32_t code_start;
    uint32_t code_halfwords;
    uint32_t last_end;
    int32_t owner;
    int32_t exhausted; /* 1: ran out of bytes_left, 2: out of slots */
    uint32_t last_address;
} tc_counter;

static tc_entry *find(tc_counter *counter, uint32_t address, uint32_t bytes) {
    uint32_t slot = (address >> 1) * 2654435761u ^ (uint32_t)counter->owner * 40503u ^ bytes * 97u;
    for (;; slot++) {
        tc_entry *entry = &counter->entries[slot & counter->mask];
        if (!entry->used) {
            entry->used = 1u;
            entry->address = address;
            entry->bytes = bytes;
            entry->owner = counter->owner;
            counter->entries_used++;
            return entry;
        }
        if (entry->address == address && entry->bytes == bytes && entry->owner == counter->owner) {
            return entry;
        }
    }
}

EXPORT void tc_on_block(void *engine, uint64_t address64, uint32_t bytes, void *user) {
    tc_counter *counter = user;
    const uint32_t address = (uint32_t)address64;
    const uint32_t halfword = (address - counter->code_start) >> 1;
    if (halfword < counter->code_halfwords && counter->owner_of[halfword] != KEEP) {
        counter->owner = counter->owner_of[halfword];
    }
    if (counter->last != NULL && address != counter->last_end) {
        counter->last->jumped++;
    }
    tc_entry *entry = counter->last;
    if (entry == NULL || entry->address != address || entry->bytes != bytes || entry->owner != counter->owner) {
        if (counter->entries_used > counter->mask - (counter->mask >> 2)) {
            counter->exhausted = 2;
            counter->stop(engine);
            return;
        }
        entry = find(counter, address, bytes);
    }
    entry->count++;
    counter->last = entry;
    counter->last_end = address + bytes;
    counter->last_address = address;
    if (counter->bytes_left < bytes) {
        counter->exhausted = 1;
        counter->stop(engine);
        return;
    }
    counter->bytes_left -= bytes;
}

typedef struct {
    uint32_t pc;
    uint32_t address;
    uint32_t bytes;
    int32_t owner;
} tc_unaligned;

/* An instruction that loads, or whose address must be aligned: base + (index << shift) + offset. */
typedef struct {
    uint32_t offset;
    int16_t base;  /* the emulator's number of the register; 0: none */
    int16_t index; /* the same */
    uint16_t mask; /* which bits of the address must be zero */
    uint8_t shift;
    uint8_t registers; /* how many a load fills; 0: no load */
} tc_access;

enum { BUFFER_LINES = 8, LINE_SHIFT = 5, WORD_SHIFT = 3, FIRST_OWNER = -3, MOST_RAMS = 4 };

/* Data read from flash, and from RAM where it matters from which, on behalf of one node. */
typedef struct {
    uint64_t loads;                /* registers filled */
    uint64_t words;                /* 8-byte words other than the one read before */
    uint64_t buffer_lines;         /* 32-byte lines that are not among the last 8 */
    uint64_t cache_lines;          /* loads that miss the data cache, from cached RAM too */
    uint64_t ram_words[MOST_RAMS]; /* 8-byte words other than the one read there before */
} tc_read_sums;

typedef struct {
    uint32_t start;
    uint32_t end; /* the same as its start: there is none */
    uint32_t is_cached;
    uint32_t last_word;
} tc_ram;

typedef struct {
    tc_read_sums *by_owner; /* from FIRST_OWNER on */
    uint32_t *tags;         /* sets x ways of the data cache, the latest first; NULL: there is none */
    uint32_t flash_start;
    uint32_t flash_end;
    uint32_t last_word;
    uint32_t sets;
    uint32_t ways;
    uint32_t buffer[BUFFER_LINES];
    tc_ram rams[MOST_RAMS]; /* those that are watched come first */
} tc_reads;

/* Whether `line` is missing among `count` lines; it is the first of them afterwards. */
static uint64_t missed(uint32_t *lines, uint32_t count, uint32_t line) {
    uint32_t at = 0;
    while (at + 1u < count && lines[at] != line) {
        at++;
    }
    const uint64_t is_missing = lines[at] != line;
    for (; at > 0; at--) {
        lines[at] = lines[at - 1u];
    }
    lines[0] = line;
    return is_missing;
}

static uint64_t other_word(uint32_t *last, uint32_t address) {
    const uint32_t word = (address >> WORD_SHIFT) + 1u;
    const uint64_t is_other = word != *last;
    *last = word;
    return is_other;
}

/* Lines and words are kept as number + 1, so that zeroed memory holds none. */
static void read_at(tc_reads *reads, int32_t owner, uint32_t address) {
    const int in_flash = address - reads->flash_start < reads->flash_end - reads->flash_start;
    const uint32_t line = (address >> LINE_SHIFT) + 1u;
    tc_read_sums *sums = &reads->by_owner[owner - FIRST_OWNER];
    int is_cached = in_flash;
    for (int i = 0; !in_flash && i < MOST_RAMS && reads->rams[i].start != reads->rams[i].end; i++) {
        tc_ram *ram = &reads->rams[i];
        if (address - ram->start < ram->end - ram->start) {
            sums->ram_words[i] += other_word(&ram->last_word, address);
            is_cached = ram->is_cached != 0u;
        }
    }
    if (is_cached && reads->tags != NULL) {
        sums->cache_lines += missed(&reads->tags[(line % reads->sets) * reads->ways], reads->ways, line);
    }
    if (in_flash) {
        sums->loads++;
        sums->words += other_word(&reads->last_word, address);
        sums->buffer_lines += missed(reads->buffer, BUFFER_LINES, line);
    }
}

typedef struct {
    tc_unaligned *found; /* one per program counter */
    const tc_counter *counter;
    int (*reg_read)(void *engine, int id, void *value);
    const tc_access *accesses; /* per halfword of code */
    tc_reads *reads;
    uint32_t capacity;
    uint32_t count;
} tc_watch;

static void note(tc_watch *watch, uint32_t pc, uint32_t address, uint32_t bytes) {
    for (uint32_t i = 0; i < watch->count; i++) {
        if (watch->found[i].pc == pc) {
            return;
        }
    }
    if (watch->count < watch->capacity) {
        watch->found[watch->count].pc = pc;
        watch->found[watch->count].address = address;
        watch->found[watch->count].bytes = bytes;
        watch->found[watch->count].owner = watch->counter->owner;
        watch->count++;
    }
}

/* Every instruction; looks at the registers of those that load or need an aligned address. A hook on accesses would be
 * simpler, but the emulator loses its place when one is called inside an IT block, and it is slower. */
EXPORT void tc_on_instruction(void *engine, uint64_t address64, uint32_t bytes, void *user) {
    tc_watch *watch = user;
    const uint32_t pc = (uint32_t)address64;
    const uint32_t halfword = (pc - watch->counter->code_start) >> 1;
    (void)bytes;
    if (halfword >= watch->counter->code_halfwords) {
        return;
    }
    const tc_access *access = &watch->accesses[halfword];
    if (access->registers == 0u && access->mask == 0u) {
        return;
    }
    uint32_t base = 0, index = 0;
    if (access->base != 0) {
        watch->reg_read(engine, access->base, &base);
    }
    if (access->index != 0) {
        watch->reg_read(engine, access->index, &index);
    }
    const uint32_t target = base + (index << access->shift) + access->offset;
    if ((target & access->mask) != 0u) {
        note(watch, pc, target, access->mask + 1u);
    }
    for (uint32_t i = 0; i < access->registers; i++) {
        read_at(watch->reads, watch->counter->owner, target + 4u * i);
    }
}

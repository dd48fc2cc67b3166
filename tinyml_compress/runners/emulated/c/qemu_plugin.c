/* A plugin for QEMU that counts like the hooks do: `-plugin counter.so,map=FILE,out=FILE,reads=FILE`, for RISC-V with
 * `code=riscv`. The declarations
 * are those of QEMU's plugin interface, version 1; distributions ship QEMU without its header. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.c"

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*callback)(unsigned int cpu, void *data),
                                          int registers, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*callback)(unsigned int cpu, uint32_t info, uint64_t address, void *data),
                                      int registers, int which, void *data);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);

int qemu_plugin_mem_is_store(uint32_t info); /* a bool in QEMU */

/* QEMU's word for loads and stores. Of loads alone QEMU 7.2 reports none behind the first store of a block. */
enum { ACCESSES = 3 };

typedef struct {
    uint64_t address;
    uint32_t bytes;
} block;

static tc_counter counter;
static tc_reads reads;
static uint32_t owners_with_reads;
static const char *out_path;
static const char *reads_path;

static int no_stop(void *engine) {
    (void)engine;
    return 0;
}

static void on_run(unsigned int cpu, void *data) {
    const block *ran = data;
    (void)cpu;
    tc_on_block(NULL, ran->address, ran->bytes, &counter);
}

/* QEMU loads a list or a pair word by word, as the hook of the built-in emulator counts them. Not the same there:
 * loads that an IT block skips, which it cannot see, and VLDR of eight bytes. */
static void on_access(unsigned int cpu, uint32_t info, uint64_t address, void *data) {
    (void)cpu;
    (void)data;
    if ((qemu_plugin_mem_is_store(info) & 0xFF) != 0) {
        return;
    }
    for (uint32_t offset = 0; offset == 0u || offset >> qemu_plugin_mem_size_shift(info) == 0u; offset += 4u) {
        read_at(&reads, counter.owner, (uint32_t)address + offset);
    }
}

static int is_riscv;

/* From the encoding: QEMU 7 reports two bytes for a four-byte instruction that crosses one of its pages. */
static uint32_t length_of(const struct qemu_plugin_insn *insn) {
    uint16_t first;
    memcpy(&first, qemu_plugin_insn_data(insn), sizeof first);
    return (is_riscv ? (first & 3) == 3 : first >> 11 >= 0x1D) ? 4u : 2u;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    block *made = malloc(sizeof *made);
    (void)id;
    if (made == NULL) {
        abort();
    }
    made->address = qemu_plugin_tb_vaddr(tb);
    made->bytes = 0;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        made->bytes += length_of(insn);
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, 0, ACCESSES, NULL);
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_run, 0, made);
}

static void write_rows(const char *path, const void *rows, size_t size, size_t count) {
    FILE *out = fopen(path, "wb");
    if (out == NULL) {
        return;
    }
    fwrite(rows, size, count, out);
    fclose(out);
}

static void on_exit_write(qemu_plugin_id_t id, void *data) {
    (void)id;
    (void)data;
    write_rows(reads_path, reads.by_owner, sizeof *reads.by_owner, owners_with_reads);
    write_rows(out_path, counter.entries, sizeof *counter.entries, (size_t)counter.mask + 1u);
}

/* The map: what to know of the memories, start of the code, number of halfwords, then the owner of each. */
static int read_map(const char *path) {
    uint32_t head[7 + 3 * MOST_RAMS];
    FILE *map = fopen(path, "rb");
    if (map == NULL || fread(head, sizeof head, 1, map) != 1) {
        return 1;
    }
    reads.flash_start = head[0];
    reads.flash_end = head[1];
    reads.sets = head[2];
    reads.ways = head[3];
    owners_with_reads = head[4];
    counter.code_start = head[5];
    counter.code_halfwords = head[6];
    for (int i = 0; i < MOST_RAMS; i++) {
        const uint32_t *ram = &head[7 + 3 * i];
        reads.rams[i] = (tc_ram){ram[0], ram[1], ram[2], 0u};
    }
    int16_t *owners = malloc(counter.code_halfwords * sizeof *owners);
    if (owners == NULL || fread(owners, sizeof *owners, counter.code_halfwords, map) != counter.code_halfwords) {
        return 1;
    }
    fclose(map);
    counter.owner_of = owners;
    reads.by_owner = calloc(owners_with_reads, sizeof *reads.by_owner);
    if (reads.ways != 0u) {
        reads.tags = calloc((size_t)reads.sets * reads.ways, sizeof *reads.tags);
    }
    return reads.by_owner == NULL || (reads.ways != 0u && reads.tags == NULL);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    const char *map_path = NULL;
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "map=", 4) == 0) {
            map_path = argv[i] + 4;
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out_path = argv[i] + 4;
        } else if (strncmp(argv[i], "reads=", 6) == 0) {
            reads_path = argv[i] + 6;
        } else if (strcmp(argv[i], "code=riscv") == 0) {
            is_riscv = 1;
        }
    }
    if (map_path == NULL || out_path == NULL || reads_path == NULL || read_map(map_path) != 0) {
        return 1;
    }
    counter.mask = (1u << 18) - 1u;
    counter.entries = calloc((size_t)counter.mask + 1u, sizeof *counter.entries);
    counter.bytes_left = UINT64_MAX;
    counter.owner = -2;
    counter.stop = no_stop;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_write, NULL);
    return counter.entries == NULL;
}

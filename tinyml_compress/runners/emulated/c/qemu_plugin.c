/* A plugin for QEMU that counts like the hooks do: `-plugin counter.so,map=FILE,out=FILE`. The declarations are those
 * of QEMU's plugin interface, version 1; distributions ship QEMU without its header. */
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

typedef struct {
    uint64_t address;
    uint32_t bytes;
} block;

static tc_counter counter;
static const char *out_path;

static int no_stop(void *engine) {
    (void)engine;
    return 0;
}

static void on_run(unsigned int cpu, void *data) {
    const block *ran = data;
    (void)cpu;
    tc_on_block(NULL, ran->address, ran->bytes, &counter);
}

/* From the encoding: QEMU 7 reports two bytes for a four-byte instruction that crosses one of its pages. */
static uint32_t length_of(const struct qemu_plugin_insn *insn) {
    uint16_t first;
    memcpy(&first, qemu_plugin_insn_data(insn), sizeof first);
    return first >> 11 >= 0x1D ? 4u : 2u;
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
        made->bytes += length_of(qemu_plugin_tb_get_insn(tb, i));
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_run, 0, made);
}

static void on_exit_write(qemu_plugin_id_t id, void *data) {
    FILE *out = fopen(out_path, "wb");
    (void)id;
    (void)data;
    if (out == NULL) {
        return;
    }
    fwrite(counter.entries, sizeof *counter.entries, (size_t)counter.mask + 1u, out);
    fclose(out);
}

/* The map: start of the code, number of halfwords, then the owner of each. */
static int read_map(const char *path) {
    uint32_t head[2];
    FILE *map = fopen(path, "rb");
    if (map == NULL || fread(head, sizeof head, 1, map) != 1) {
        return 1;
    }
    int16_t *owners = malloc(head[1] * sizeof *owners);
    if (owners == NULL || fread(owners, sizeof *owners, head[1], map) != head[1]) {
        return 1;
    }
    fclose(map);
    counter.owner_of = owners;
    counter.code_start = head[0];
    counter.code_halfwords = head[1];
    return 0;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    const char *map_path = NULL;
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "map=", 4) == 0) {
            map_path = argv[i] + 4;
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out_path = argv[i] + 4;
        }
    }
    if (map_path == NULL || out_path == NULL || read_map(map_path) != 0) {
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

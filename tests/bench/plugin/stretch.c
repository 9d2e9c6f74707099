/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU's translator: how long the kernel runs with interrupts off. The kernel allows
 * interrupts nowhere but in the idle loop, so a stretch begins with the first kernel instruction
 * after user mode or an `sti`, and ends with the next `sysret`, `iret` to user mode or `sti`. (An
 * interrupt that waits is taken there: the kernel goes on in a stretch of its own.) What runs
 * before the first user instruction (booting) does not count.
 *
 *     -plugin stretch.so,symbols=FILE,out=FILE
 *
 * symbols: what `nm -n` prints of the kernel. The first line of `out` is the number of instructions
 * that were executed, from the reset on; what the CPU waits is none. For every kind of stretch,
 * named by the first system call or upcall seen in it, the longest goes to `out`, in a line LENGTH
 * STRETCHES KIND FUNCTION COUNT FUNCTION COUNT ... with the number of stretches of that kind, and
 * the functions that ran the most instructions in the longest. For one CPU, under -icount: each
 * repetition of a string instruction counts, as in the time-stamp counter.
 */
#include "qemu_plugin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX 16384
#define BLOCKS_MAX  65536 /* of one stretch */
#define KINDS_MAX   512
#define SHOWN       8
#define USER_START  0x100000000ull /* below lies the code that boots */
#define KERNEL_HALF 0x800000000000ull

/* Returns to user mode by popping a frame; its namesake in this function returns to the kernel. */
#define KERNEL_RETURN "interrupt_kernel"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = 1;

struct symbol {
    uint64_t address;
    char name[56];
    uint64_t count; /* instructions in the stretch being judged */
};

/* A translated block of kernel code. */
struct block {
    struct symbol *symbol;
    uint64_t length;
    uint64_t runs; /* in the current stretch */
};

struct kind {
    const struct symbol *symbol;
    uint64_t longest, stretches;
    char text[1024];
};

static struct {
    struct symbol symbols[SYMBOLS_MAX];
    size_t symbol_count;
    struct kind kinds[KINDS_MAX];
    size_t kind_count;
    const char *out;

    uint64_t instructions; /* executed so far */
    uint64_t start;        /* of the current stretch */
    bool user_seen, in_stretch;
    struct block *blocks[BLOCKS_MAX]; /* that ran in it */
    size_t block_count;
    const struct symbol *first, *door;
} s;

static struct symbol *symbol_find(uint64_t address)
{
    size_t low = 0, high = s.symbol_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (s.symbols[middle].address <= address) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &s.symbols[low];
}

/* What names a stretch: a system call's door, or what the CPU layer calls of the kernel above. */
static bool symbol_is_door(const struct symbol *symbol)
{
    return strncmp(symbol->name, "sys_", 4) == 0 || strncmp(symbol->name, "upcall_", 7) == 0;
}

static int symbol_compare(const void *a, const void *b)
{
    const struct symbol *left = *(const struct symbol *const *)a;
    const struct symbol *right = *(const struct symbol *const *)b;
    return left->count < right->count ? 1 : left->count > right->count ? -1 : 0;
}

static struct kind *kind_find(const struct symbol *symbol)
{
    for (size_t i = 0; i < s.kind_count; i++) {
        if (s.kinds[i].symbol == symbol) {
            return &s.kinds[i];
        }
    }
    if (s.kind_count == KINDS_MAX) {
        abort();
    }
    s.kinds[s.kind_count].symbol = symbol;
    return &s.kinds[s.kind_count++];
}

/* Writes down what the stretch is made of. */
static void kind_note(struct kind *kind, uint64_t length)
{
    static struct symbol *used[SYMBOLS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < s.block_count; i++) {
        struct symbol *symbol = s.blocks[i]->symbol;
        if (symbol->count == 0) {
            used[count++] = symbol;
        }
        symbol->count += s.blocks[i]->runs * s.blocks[i]->length;
    }
    qsort(used, count, sizeof used[0], symbol_compare);
    kind->longest = length;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (i < SHOWN) {
            at += (size_t)snprintf(kind->text + at, sizeof kind->text - at, " %s %llu",
                                   used[i]->name, (unsigned long long)used[i]->count);
        }
        used[i]->count = 0;
    }
}

static void stretch_end(void)
{
    uint64_t length = s.instructions - s.start;
    if (s.in_stretch && s.user_seen && s.first != NULL) {
        struct kind *kind = kind_find(s.door != NULL ? s.door : s.first);
        kind->stretches++;
        if (length > kind->longest) {
            kind_note(kind, length);
        }
    }
    for (size_t i = 0; i < s.block_count; i++) {
        s.blocks[i]->runs = 0;
    }
    s.block_count = 0;
    s.in_stretch = false;
}

static void stretch_begin(void)
{
    s.start = s.instructions;
    s.first = s.door = NULL;
    s.in_stretch = true;
}

static void on_kernel_block(unsigned int cpu, void *data)
{
    (void)cpu;
    struct block *block = data;
    if (!s.in_stretch) {
        stretch_begin();
    }
    if (s.first == NULL) {
        s.first = block->symbol;
    }
    if (s.door == NULL && symbol_is_door(block->symbol)) {
        s.door = block->symbol;
    }
    if (block->runs++ == 0) {
        if (s.block_count == BLOCKS_MAX) {
            abort();
        }
        s.blocks[s.block_count++] = block;
    }
}

static void on_user_block(unsigned int cpu, void *data)
{
    (void)cpu;
    (void)data;
    s.user_seen = true;
}

static void on_stretch_end(unsigned int cpu, void *data)
{
    (void)cpu;
    (void)data;
    stretch_end();
}

/* Whether interrupts are on after this instruction: sti, sysretq, iretq. */
static bool instruction_allows_interrupts(const uint8_t *code, uint64_t address)
{
    if (code[0] == 0x48 && code[1] == 0xcf) {
        return strcmp(symbol_find(address)->name, KERNEL_RETURN) != 0;
    }
    return code[0] == 0xfb || (code[0] == 0x48 && code[1] == 0x0f && code[2] == 0x07);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    size_t count = qemu_plugin_tb_n_insns(tb);
    bool kernel = address >= KERNEL_HALF;
    if (!kernel && address >= USER_START) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_user_block, QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
    if (kernel) {
        /* A block that is translated again gets a new record; those that are run stay valid. */
        struct block *block = calloc(1, sizeof *block);
        *block = (struct block){.symbol = symbol_find(address), .length = count};
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_kernel_block, QEMU_PLUGIN_CB_NO_REGS, block);
    }
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64,
                                                   &s.instructions, 1);
        if (kernel && instruction_allows_interrupts(qemu_plugin_insn_data(instruction),
                                                    qemu_plugin_insn_vaddr(instruction))) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_stretch_end,
                                                   QEMU_PLUGIN_CB_NO_REGS, NULL);
        }
    }
}

static void result_write(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    FILE *file = fopen(s.out, "w");
    if (file == NULL) {
        abort();
    }
    fprintf(file, "%llu\n", (unsigned long long)s.instructions);
    for (size_t i = 0; i < s.kind_count; i++) {
        const struct kind *kind = &s.kinds[i];
        fprintf(file, "%llu %llu %s%s\n", (unsigned long long)kind->longest,
                (unsigned long long)kind->stretches, kind->symbol->name, kind->text);
    }
    fclose(file);
}

static int symbols_read(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return -1;
    }
    char line[512], type;
    while (s.symbol_count < SYMBOLS_MAX && fgets(line, sizeof line, file) != NULL) {
        struct symbol *symbol = &s.symbols[s.symbol_count];
        unsigned long long address;
        if (sscanf(line, "%llx %c %55s", &address, &type, symbol->name) == 3 &&
            strchr("tT", type) != NULL) {
            symbol->address = address;
            s.symbol_count++;
        }
    }
    fclose(file);
    return s.symbol_count == 0 ? -1 : 0;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
                                           int argc, char **argv)
{
    (void)info;
    const char *symbols = "";
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "symbols=", 8) == 0) {
            symbols = argv[i] + 8;
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            s.out = argv[i] + 4;
        }
    }
    if (s.out == NULL || symbols_read(symbols) != 0) {
        fprintf(stderr, "stretch: want symbols=FILE and out=FILE\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, result_write, NULL);
    return 0;
}

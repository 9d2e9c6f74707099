/* SPDX-License-Identifier: MIT */
/* What the crash server makes of a process: everything in it may be wrong on purpose. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quay/abi/memory.h>
#include <quay/elf_format.h>
#include "../../../servers/crash/backtrace.h"
#include "../../../servers/crash/core.h"
#include "../../../servers/crash/image.h"
#include "../../../servers/crash/symbols.h"

#define BASE 0x10000000000ul
#define SIZE 0x4000ul
#define CODE (BASE + 0x100)

/* The memory of a process: one range. */
static uint8_t memory[SIZE] __attribute__((aligned(16)));

static bool memory_read(void *context, uint64_t address, void *to, size_t size_bytes)
{
    (void)context;
    if (address < BASE || address - BASE > SIZE || size_bytes > SIZE - (address - BASE)) {
        return false;
    }
    memcpy(to, memory + (address - BASE), size_bytes);
    return true;
}

static void word_put(uint64_t address, uint64_t value)
{
    memcpy(memory + (address - BASE), &value, sizeof value);
}

static uint64_t state = 88172645463325252ul;

static uint64_t random_next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void random_fill(void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)bytes)[i] = (uint8_t)random_next();
    }
}

/* --- backtraces ---------------------------------------------------------------------------- */

static void frames_are_followed(void **unused)
{
    (void)unused;
    uint64_t addresses[BACKTRACE_MAX];
    struct thread_registers registers = {.rip = CODE, .rbp = BASE + 0x1000, .rsp = BASE + 0xf00};
    memset(memory, 0, sizeof memory);
    word_put(BASE + 0xf00, CODE + 8);
    word_put(BASE + 0x1000, BASE + 0x1100);
    word_put(BASE + 0x1008, CODE + 16);
    word_put(BASE + 0x1108, CODE + 32);
    assert_int_equal(backtrace(&registers, BACKTRACE_FRAME, memory_read, NULL, addresses), 3);
    assert_int_equal(addresses[0], CODE);
    assert_int_equal(addresses[1], CODE + 16);
    assert_int_equal(addresses[2], CODE + 32);
    assert_int_equal(backtrace(&registers, BACKTRACE_CALLED, memory_read, NULL, addresses), 4);
    assert_int_equal(addresses[1], CODE + 8);
}

static void broken_frames_end_it(void **unused)
{
    (void)unused;
    static const uint64_t bad[] = {
        0, 1, 8, BASE + 1, BASE + SIZE - 8, 0xffffffff80100000ul, UINT64_MAX & ~7ul};
    uint64_t addresses[BACKTRACE_MAX];
    memset(memory, 0, sizeof memory);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct thread_registers registers = {.rip = bad[i], .rbp = bad[i], .rsp = bad[i]};
        assert_int_equal(backtrace(&registers, BACKTRACE_PUSHED, memory_read, NULL, addresses), 1);
    }
    /* Its own caller, and one that goes back. */
    struct thread_registers registers = {.rip = CODE, .rbp = BASE + 0x1000};
    word_put(BASE + 0x1000, BASE + 0x1000);
    word_put(BASE + 0x1008, CODE);
    assert_int_equal(backtrace(&registers, BACKTRACE_FRAME, memory_read, NULL, addresses), 2);
    word_put(BASE + 0x1000, BASE + 0x800);
    assert_int_equal(backtrace(&registers, BACKTRACE_FRAME, memory_read, NULL, addresses), 2);
    /* More than anybody wants to see. */
    for (uint64_t at = 0; at < SIZE; at += 16) {
        word_put(BASE + at, BASE + at + 16);
        word_put(BASE + at + 8, CODE);
    }
    assert_int_equal(backtrace(&registers, BACKTRACE_FRAME, memory_read, NULL, addresses),
                     BACKTRACE_MAX);
}

/* --- symbols ------------------------------------------------------------------------------- */

static const char names[] = "\0alpha\0beta";

struct table {
    struct symbols_head head;
    struct symbols_program program;
    struct symbol symbols[3];
    char names[sizeof names];
};

static struct table table_make(void)
{
    struct table table = {
        .head = {SYMBOLS_MAGIC, 1, 3, sizeof names, 0},
        .program = {.base = BASE, .count = 3, .build_id = {1, 2, 3}, .name = "program"},
        .symbols = {{0x100, 1}, {0x180, 7}, {0x200, 0}},
    };
    memcpy(table.names, names, sizeof names);
    return table;
}

#define TABLE_BYTES (offsetof(struct table, names) + sizeof names)

static void functions_are_found(void **unused)
{
    (void)unused;
    struct table table = table_make();
    struct symbols symbols;
    const char *name;
    uint64_t offset;
    assert_true(symbols_open(&symbols, &table, TABLE_BYTES));
    const struct symbols_program *program = symbols_find(&symbols, table.program.build_id);
    assert_non_null(program);
    static const uint8_t other[BUILD_ID_BYTES] = {9};
    assert_null(symbols_find(&symbols, other));
    assert_true(symbols_name(&symbols, program, BASE, BASE + 0x1ff, &name, &offset));
    assert_string_equal(name, "beta");
    assert_int_equal(offset, 0x7f);
    assert_true(symbols_name(&symbols, program, BASE + 0x1000, BASE + 0x1100, &name, &offset));
    assert_string_equal(name, "alpha");
    assert_false(symbols_name(&symbols, program, BASE, BASE + 0xff, &name, &offset));
    assert_false(symbols_name(&symbols, program, BASE, BASE + 0x200, &name, &offset));
    assert_false(symbols_name(&symbols, program, BASE, 0, &name, &offset));
}

static void damaged_tables_are_refused_or_harmless(void **unused)
{
    (void)unused;
    const struct table whole = table_make();
    for (size_t size = 0; size < TABLE_BYTES; size++) {
        struct symbols symbols;
        assert_false(symbols_open(&symbols, &whole, size));
    }
    for (int i = 0; i < 20000; i++) {
        struct table table = whole;
        struct symbols symbols;
        const char *name;
        uint64_t offset;
        ((uint8_t *)&table)[random_next() % TABLE_BYTES] = (uint8_t)random_next();
        if (symbols_open(&symbols, &table, TABLE_BYTES)) {
            for (uint32_t j = 0; j < symbols.head->program_count; j++) {
                if (symbols_name(&symbols, &symbols.programs[j], BASE, BASE + random_next() % 0x300,
                                 &name, &offset)) {
                    assert_true(strlen(name) < sizeof names);
                }
            }
        }
    }
}

/* --- images -------------------------------------------------------------------------------- */

struct image_head {
    struct elf_header header;
    struct elf_segment segments[2];
    uint32_t note[3];
    char note_name[4];
    uint8_t build_id[BUILD_ID_BYTES];
};

static void image_put(void)
{
    struct image_head head = {
        .header = {.magic = ELF_MAGIC,
                   .class = ELF_CLASS_64,
                   .type = ELF_TYPE_EXEC,
                   .machine = ELF_MACHINE_X86_64,
                   .segments_offset = sizeof(struct elf_header),
                   .segment_entry_size = sizeof(struct elf_segment),
                   .segment_count = 2},
        .segments = {{.type = ELF_SEGMENT_LOAD, .address = 0x400000, .memory_size = SIZE - 5},
                     {.type = ELF_SEGMENT_NOTE,
                      .address = 0x400000 + offsetof(struct image_head, note),
                      .memory_size = 36}},
        .note = {4, BUILD_ID_BYTES, 3},
        .note_name = "GNU",
        .build_id = {1, 2, 3},
    };
    memset(memory, 0, sizeof memory);
    memcpy(memory, &head, sizeof head);
}

static void images_are_known_by_their_build_ids(void **unused)
{
    (void)unused;
    struct table table = table_make();
    struct symbols symbols;
    struct image image;
    assert_true(symbols_open(&symbols, &table, TABLE_BYTES));
    image_put();
    assert_true(image_look(&image, BASE, &symbols, memory_read, NULL));
    assert_int_equal(image.base, BASE);
    assert_int_equal(image.end, BASE + SIZE);
    assert_int_equal(image.bias, BASE - 0x400000);
    assert_ptr_equal(image.program, symbols.programs);
    assert_false(image_look(&image, BASE + PAGE_SIZE, &symbols, memory_read, NULL));
}

static void damaged_images_are_harmless(void **unused)
{
    (void)unused;
    const struct symbols none = {0};
    for (int i = 0; i < 50000; i++) {
        struct image image;
        image_put();
        for (uint64_t j = random_next() % 6; j > 0; j--) {
            uint64_t at = random_next() % sizeof(struct image_head);
            uint64_t value = random_next() % 3 == 0 ? UINT64_MAX : random_next();
            memcpy(memory + at, &value, sizeof value);
        }
        if (image_look(&image, BASE, &none, memory_read, NULL)) {
            assert_true(image.end >= image.base && image.end - image.base <= USER_LIMIT);
        }
    }
}

/* --- cores --------------------------------------------------------------------------------- */

static struct core core;

static void core_set(void)
{
    memset(&core, 0, sizeof core);
    strcpy(core.name, "program");
    core.pid = 7;
    core.signal = 11;
    core.thread_count = 1;
    core.threads[0] = (struct core_thread){
        .id = 9, .has_fpu = true, .registers = {.rip = CODE, .rsp = BASE + 0x3f00, .r15 = 15}};
    core.segment_count = 2;
    core.segments[0] = (struct core_segment){BASE, 0x1000, 0, MAP_READ | MAP_EXEC};
    core.segments[1] = (struct core_segment){BASE + 0x1000, 0x3000, 0, MAP_READ | MAP_WRITE};
    core.image_count = 1;
    core.images[0] = (struct core_image){BASE, BASE + SIZE, "/program"};
}

static void a_core_has_what_was_planned(void **unused)
{
    (void)unused;
    core_set();
    random_fill(memory, sizeof memory);
    uint64_t size = core_plan(&core, 1 << 20);
    uint8_t *file = calloc(1, size);
    core_write(&core, memory_read, NULL, file);
    const struct elf_header *header = (const void *)file;
    const struct elf_segment *segments = (const void *)(file + header->segments_offset);
    assert_int_equal(header->type, ELF_TYPE_CORE);
    assert_int_equal(header->segment_count, 3);
    assert_int_equal(segments[0].type, ELF_SEGMENT_NOTE);
    assert_int_equal(segments[1].file_size, PAGE_SIZE); /* where the headers are */
    /* The stack from its pointer up. */
    assert_int_equal(segments[2].address, BASE + 0x3000);
    assert_int_equal(segments[2].file_size, 0x1000);
    assert_int_equal(segments[2].offset + segments[2].file_size, size);
    assert_memory_equal(file + segments[2].offset, memory + 0x3000, 0x1000);
    free(file);
}

static void a_core_keeps_to_its_size(void **unused)
{
    (void)unused;
    for (uint64_t limit = 0; limit < 6 * PAGE_SIZE; limit += 512) {
        core_set();
        core.threads[0].registers.rsp = 0; /* a stack that is nowhere */
        uint64_t size = core_plan(&core, limit);
        assert_true(size <= limit || size == PAGE_SIZE); /* headers and notes are always there */
        uint8_t *file = calloc(1, size);
        core_write(&core, memory_read, NULL, file);
        free(file);
    }
}

static void wild_stack_pointers_and_segments_are_harmless(void **unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        core_set();
        core.thread_count = 1 + (uint32_t)(random_next() % CORE_THREADS_MAX);
        core.segment_count = (uint32_t)(random_next() % CORE_SEGMENTS_MAX);
        for (uint32_t j = 0; j < core.thread_count; j++) {
            core.threads[j].registers.rsp =
                random_next() % 2 == 0 ? random_next() : BASE + random_next() % SIZE;
        }
        for (uint32_t j = 0; j < core.segment_count; j++) {
            core.segments[j] =
                (struct core_segment){BASE + (random_next() % 64) * PAGE_SIZE,
                                      (1 + random_next() % (1ul << random_next() % 32)) * PAGE_SIZE,
                                      0, (uint32_t)random_next() & 7};
        }
        uint64_t limit = random_next() % (256 * 1024);
        uint64_t size = core_plan(&core, limit);
        assert_true(size <= limit + 8 * PAGE_SIZE);
        uint8_t *file = calloc(1, size);
        core_write(&core, memory_read, NULL, file);
        free(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_followed),
        cmocka_unit_test(broken_frames_end_it),
        cmocka_unit_test(functions_are_found),
        cmocka_unit_test(damaged_tables_are_refused_or_harmless),
        cmocka_unit_test(images_are_known_by_their_build_ids),
        cmocka_unit_test(damaged_images_are_harmless),
        cmocka_unit_test(a_core_has_what_was_planned),
        cmocka_unit_test(a_core_keeps_to_its_size),
        cmocka_unit_test(wild_stack_pointers_and_segments_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

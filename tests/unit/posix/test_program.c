/* SPDX-License-Identifier: MIT */
#include "../../../libsys/posix/program.h"
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include <quay/elf_format.h>
#include "heap.h"

#define BASE 0x400000ul
#define SIZE (5 * PAGE_SIZE)

/* Headers and constants, code, data with bss; the first page is all that the parser sees. */
struct head {
    struct elf_header header;
    struct elf_segment segments[4];
    struct {
        uint32_t name_size, description_size, type;
        char name[8];
    } note;
    char interp[16];
    uint8_t
        rest[POSIX_HEAD_BYTES - sizeof(struct elf_header) - 4 * sizeof(struct elf_segment) - 36];
};

static struct head head;

static int setup(void **state)
{
    (void)state;
    head = (struct head){
        .header = {.magic = ELF_MAGIC,
                   .class = ELF_CLASS_64,
                   .data = ELF_LITTLE_ENDIAN,
                   .ident_version = ELF_VERSION,
                   .type = ELF_TYPE_EXEC,
                   .machine = ELF_MACHINE_X86_64,
                   .version = ELF_VERSION,
                   .entry = BASE + PAGE_SIZE + 16,
                   .segments_offset = sizeof(struct elf_header),
                   .segment_entry_size = sizeof(struct elf_segment),
                   .segment_count = 4},
        .segments = {{.type = ELF_SEGMENT_LOAD,
                      .flags = ELF_FLAG_READ,
                      .address = BASE,
                      .file_size = 1000,
                      .memory_size = 1000},
                     {.type = ELF_SEGMENT_LOAD,
                      .flags = ELF_FLAG_READ | ELF_FLAG_EXEC,
                      .offset = PAGE_SIZE,
                      .address = BASE + PAGE_SIZE,
                      .file_size = 100,
                      .memory_size = 100},
                     {.type = ELF_SEGMENT_LOAD,
                      .flags = ELF_FLAG_READ | ELF_FLAG_WRITE,
                      .offset = 2 * PAGE_SIZE + 8,
                      .address = BASE + 3 * PAGE_SIZE + 8,
                      .file_size = 100,
                      .memory_size = 9000},
                     {.type = ELF_SEGMENT_TLS}},
        .note = {5, 0, 1, "Quay"},
        .interp = "/lib/ld-musl.so",
    };
    return 0;
}

static struct posix_program program;

static int64_t parse(void)
{
    return posix_program_parse((const uint8_t *)&head, SIZE, &program);
}

static void test_program_sound_is_described(void **state)
{
    (void)state;
    assert_int_equal(parse(), 0);
    assert_int_equal(program.segment_count, 3);
    assert_int_equal(program.low, BASE);
    assert_int_equal(program.high, BASE + 6 * PAGE_SIZE);
    assert_int_equal(program.headers_address, BASE + sizeof(struct elf_header));
    assert_int_equal(program.header_count, 4);
    assert_false(program.is_movable || program.is_native || program.has_interp);
}

static void test_program_movable_may_begin_at_zero(void **state)
{
    (void)state;
    head.header.type = 3;
    head.header.entry -= BASE;
    for (unsigned i = 0; i < 3; i++) {
        head.segments[i].address -= BASE;
    }
    assert_int_equal(parse(), 0);
    assert_true(program.is_movable);
    head.header.type = ELF_TYPE_EXEC;
    assert_int_equal(parse(), -ENOEXEC);
}

static void test_program_with_note_is_native(void **state)
{
    (void)state;
    head.segments[3] = (struct elf_segment){
        .type = 4, .offset = offsetof(struct head, note), .file_size = sizeof head.note};
    assert_int_equal(parse(), 0);
    assert_true(program.is_native);
    head.note.name[0] = 'G';
    assert_int_equal(parse(), 0);
    assert_false(program.is_native);
    head.segments[3].offset = POSIX_HEAD_BYTES - 4; /* not seen */
    assert_int_equal(parse(), 0);
}

static void test_program_interpreter_is_found(void **state)
{
    (void)state;
    head.segments[3] = (struct elf_segment){.type = ELF_SEGMENT_INTERP,
                                            .offset = offsetof(struct head, interp),
                                            .file_size = sizeof head.interp};
    assert_int_equal(parse(), 0);
    assert_true(program.has_interp);
    assert_int_equal(program.interp_offset, offsetof(struct head, interp));
    head.segments[3].file_size = POSIX_INTERP_MAX + 1;
    assert_int_equal(parse(), -ENOEXEC);
    head.segments[3].file_size = 16;
    head.segments[3].offset = SIZE - 8;
    assert_int_equal(parse(), -ENOEXEC);
}

static void expect_refused(void *field, size_t size, uint64_t value)
{
    uint64_t before = 0;

    memcpy(&before, field, size);
    memcpy(field, &value, size);
    assert_int_equal(parse(), -ENOEXEC);
    memcpy(field, &before, size);
    assert_int_equal(parse(), 0);
}

#define REFUSED(field, value) expect_refused(&(field), sizeof(field), value)

static void test_program_unsound_is_refused(void **state)
{
    (void)state;
    REFUSED(head.header.magic, 0);
    REFUSED(head.header.machine, 3);
    REFUSED(head.header.type, 1);
    REFUSED(head.header.segment_count, 0);
    REFUSED(head.header.segment_count, 200);
    REFUSED(head.header.segments_offset, SIZE);
    REFUSED(head.header.segments_offset, UINT64_MAX - 8);
    REFUSED(head.header.entry, BASE);
    REFUSED(head.segments[1].offset, SIZE);
    REFUSED(head.segments[1].offset, PAGE_SIZE + 1);
    REFUSED(head.segments[1].file_size, SIZE);
    REFUSED(head.segments[1].file_size, 101);
    REFUSED(head.segments[1].memory_size, UINT64_MAX);
    REFUSED(head.segments[1].address, 0x7e003fc00000ul);
    REFUSED(head.segments[2].address, BASE + PAGE_SIZE + 8);
    REFUSED(head.segments[2].memory_size, 0x7e003fc00000ul);
}

static void test_program_every_truncation_is_refused(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < 2 * PAGE_SIZE + 108; size++) {
        assert_int_equal(posix_program_parse((const uint8_t *)&head, size, &program), -ENOEXEC);
    }
}

static int64_t script(const char *line, const char **ret_path, const char **ret_argument)
{
    static uint8_t bytes[100];

    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, line, strlen(line));
    return posix_script_parse(bytes, strlen(line), ret_path, ret_argument);
}

static void test_script_line_is_taken_apart(void **state)
{
    const char *path, *argument;

    (void)state;
    assert_int_equal(script("#!/bin/sh\necho", &path, &argument), 0);
    assert_string_equal(path, "/bin/sh");
    assert_null(argument);
    assert_int_equal(script("#! \t/bin/env  -S a b \t\n", &path, &argument), 0);
    assert_string_equal(path, "/bin/env");
    assert_string_equal(argument, "-S a b");
}

static void test_script_without_interpreter_is_refused(void **state)
{
    const char *path, *argument;

    (void)state;
    assert_int_equal(script("#!\n", &path, &argument), -ENOEXEC);
    assert_int_equal(script("#!   \n", &path, &argument), -ENOEXEC);
    assert_int_equal(script("#!/bin/sh", &path, &argument), -ENOEXEC);
    assert_int_equal(script("#", &path, &argument), -ENOEXEC);
    assert_int_equal(script("echo\n", &path, &argument), -ENOEXEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_program_sound_is_described, setup),
        cmocka_unit_test_setup(test_program_movable_may_begin_at_zero, setup),
        cmocka_unit_test_setup(test_program_with_note_is_native, setup),
        cmocka_unit_test_setup(test_program_interpreter_is_found, setup),
        cmocka_unit_test_setup(test_program_unsound_is_refused, setup),
        cmocka_unit_test_setup(test_program_every_truncation_is_refused, setup),
        cmocka_unit_test(test_script_line_is_taken_apart),
        cmocka_unit_test(test_script_without_interpreter_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

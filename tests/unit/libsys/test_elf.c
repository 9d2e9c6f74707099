/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quay/elf.h>
#include <quay/elf_format.h>

#define BASE 0x10000000000ul
#define SIZE (3 * PAGE_SIZE)

/* A file with code at page 1 and data at page 2 (100 bytes there, 5000 in memory). */
struct file {
    struct elf_header header;
    struct elf_segment segments[3];
    uint8_t rest[SIZE - sizeof(struct elf_header) - 3 * sizeof(struct elf_segment)];
};
_Static_assert(sizeof(struct file) == SIZE, "layout");

static int setup(void **state)
{
    struct file *file = calloc(1, sizeof *file);
    file->header = (struct elf_header){
        .magic = ELF_MAGIC,
        .class = ELF_CLASS_64,
        .data = ELF_LITTLE_ENDIAN,
        .ident_version = ELF_VERSION,
        .type = ELF_TYPE_EXEC,
        .machine = ELF_MACHINE_X86_64,
        .version = ELF_VERSION,
        .entry = BASE + 16,
        .segments_offset = sizeof(struct elf_header),
        .header_size = sizeof(struct elf_header),
        .segment_entry_size = sizeof(struct elf_segment),
        .segment_count = 3,
    };
    file->segments[0] = (struct elf_segment){
        .type = ELF_SEGMENT_LOAD,
        .flags = ELF_FLAG_READ | ELF_FLAG_EXEC,
        .offset = PAGE_SIZE,
        .address = BASE,
        .file_size = PAGE_SIZE,
        .memory_size = PAGE_SIZE,
    };
    file->segments[1] = (struct elf_segment){
        .type = ELF_SEGMENT_LOAD,
        .flags = ELF_FLAG_READ | ELF_FLAG_WRITE,
        .offset = 2 * PAGE_SIZE,
        .address = BASE + PAGE_SIZE,
        .file_size = 100,
        .memory_size = 5000,
    };
    file->segments[2] = (struct elf_segment){.type = ELF_SEGMENT_GNU_STACK,
                                             .flags = ELF_FLAG_READ | ELF_FLAG_WRITE};
    *state = file;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void refuse(struct file *file, const char *expected)
{
    struct qy_elf elf;
    const char *reason = "accepted";
    (void)qy_elf_parse(file, SIZE, &elf, &reason);
    assert_string_equal(reason, expected);
    assert_int_equal(qy_elf_parse(file, SIZE, &elf, NULL), -ENOEXEC);
}

static void test_elf_sound_is_described(void **state)
{
    struct qy_elf elf;
    assert_int_equal(qy_elf_parse(*state, SIZE, &elf, NULL), 0);
    assert_int_equal(elf.entry, BASE + 16);
    assert_int_equal(elf.segment_count, 2);
    assert_int_equal(elf.segments[0].map_flags, MAP_READ | MAP_EXEC);
    assert_int_equal(elf.segments[1].map_flags, MAP_READ | MAP_WRITE);
    assert_int_equal(elf.segments[1].file_offset, 2 * PAGE_SIZE);
    assert_int_equal(elf.segments[1].file_bytes, 100);
    assert_int_equal(elf.segments[1].size_bytes, 5000);
}

static void test_elf_every_truncation_is_refused(void **state)
{
    for (size_t size = 0; size < 2 * PAGE_SIZE + 100; size += size < 300 ? 1 : 41) {
        uint8_t *part = malloc(size > 0 ? size : 1);
        memcpy(part, *state, size);
        struct qy_elf elf;
        assert_int_equal(qy_elf_parse(part, size, &elf, NULL), -ENOEXEC);
        free(part);
    }
}

static void test_elf_wrong_identification_is_refused(void **state)
{
    struct file *file = *state;
    file->header.magic ^= 1;
    refuse(file, "not a 64-bit ELF file");
    file->header.magic ^= 1;
    file->header.class = 1;
    refuse(file, "not a 64-bit ELF file");
    file->header.class = ELF_CLASS_64;
    file->header.machine = 3;
    refuse(file, "for another machine");
    file->header.machine = ELF_MACHINE_X86_64;
    file->header.type = 3;
    refuse(file, "not a static program at a fixed address");
}

static void test_elf_program_headers_outside_are_refused(void **state)
{
    struct file *file = *state;
    static const uint64_t bad[] = {SIZE, SIZE - 100, UINT64_MAX, UINT64_MAX - 100};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        file->header.segments_offset = bad[i];
        refuse(file, "its program headers lie outside");
    }
    file->header.segments_offset = sizeof(struct elf_header);
    file->header.segment_count = 0;
    refuse(file, "its program headers are not sound");
    file->header.segment_count = UINT16_MAX;
    refuse(file, "its program headers are not sound");
    file->header.segment_count = 3;
    file->header.segment_entry_size = 55;
    refuse(file, "its program headers are not sound");
}

static void test_elf_segment_outside_file_is_refused(void **state)
{
    struct file *file = *state;
    file->segments[0].offset = UINT64_MAX & ~(PAGE_SIZE - 1);
    refuse(file, "a segment lies outside the file");
    file->segments[0].offset = 3 * PAGE_SIZE;
    refuse(file, "a segment lies outside the file");
    file->segments[0].offset = PAGE_SIZE;
    file->segments[0].file_size = UINT64_MAX;
    refuse(file, "a segment is larger in the file than in memory");
    file->segments[0].memory_size = UINT64_MAX;
    refuse(file, "a segment lies outside the file");
}

static void test_elf_segment_outside_user_space_is_refused(void **state)
{
    struct file *file = *state;
    static const uint64_t bad[] = {0,
                                   PAGE_SIZE,
                                   USER_LIMIT,
                                   0x800000000000,
                                   0xffffffff80000000,
                                   UINT64_MAX & ~(PAGE_SIZE - 1)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        file->segments[1].address = bad[i];
        refuse(file, "a segment lies outside user space");
    }
    file->segments[1].address = USER_LIMIT - PAGE_SIZE; /* 5000 bytes do not fit */
    refuse(file, "a segment lies outside user space");
    file->segments[1].address = BASE + PAGE_SIZE;
    file->segments[1].memory_size = UINT64_MAX;
    refuse(file, "a segment lies outside user space");
    file->segments[1].memory_size = QY_ELF_IMAGE_MAX;
    refuse(file, "too large");
}

static void test_elf_misaligned_segment_is_refused(void **state)
{
    struct file *file = *state;
    file->segments[1].address += 8;
    refuse(file, "a segment is not aligned");
}

static void test_elf_overlapping_segments_are_refused(void **state)
{
    struct file *file = *state;
    file->segments[1].address = BASE;
    refuse(file, "segments overlap or are not in order");
    file->segments[1].address = BASE - 16 * PAGE_SIZE;
    refuse(file, "segments overlap or are not in order");
    file->segments[1].address = BASE + PAGE_SIZE;
    file->segments[0].memory_size = PAGE_SIZE + 1; /* ends in the other's first page */
    refuse(file, "segments overlap or are not in order");
}

static void test_elf_writable_code_is_refused(void **state)
{
    struct file *file = *state;
    file->segments[0].flags |= ELF_FLAG_WRITE;
    refuse(file, "a segment is writable and executable");
}

static void test_elf_executable_stack_is_refused(void **state)
{
    struct file *file = *state;
    file->segments[2].flags |= ELF_FLAG_EXEC;
    refuse(file, "it wants an executable stack");
}

static void test_elf_dynamic_is_refused(void **state)
{
    struct file *file = *state;
    file->segments[2].type = ELF_SEGMENT_INTERP;
    refuse(file, "it needs a dynamic linker or thread-local storage");
}

static void test_elf_entry_outside_code_is_refused(void **state)
{
    struct file *file = *state;
    static const uint64_t bad[] = {0, BASE - 1, BASE + PAGE_SIZE, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        file->header.entry = bad[i];
        refuse(file, "the entry point is not in its code");
    }
}

/* What qy_elf_parse promises in its header, for whatever it accepted. */
static void promises_check(const struct qy_elf *elf)
{
    uint64_t last_end = 0;
    assert_in_range(elf->segment_count, 1, QY_ELF_SEGMENTS_MAX);
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct qy_elf_segment *segment = &elf->segments[i];
        uint64_t first_page = segment->address & ~(PAGE_SIZE - 1);
        assert_true(first_page >= last_end && first_page >= USER_BASE);
        assert_true(segment->size_bytes > 0 && segment->size_bytes <= QY_ELF_IMAGE_MAX);
        assert_true(segment->file_bytes <= segment->size_bytes);
        assert_true(segment->file_offset + segment->file_bytes <= SIZE);
        assert_true((segment->map_flags & (MAP_WRITE | MAP_EXEC)) != (MAP_WRITE | MAP_EXEC));
        last_end = (segment->address + segment->size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
        assert_true(last_end <= USER_LIMIT);
    }
}

static void test_elf_random_damage_keeps_the_promises(void **state)
{
    struct file *sound = *state;
    struct file *file = malloc(sizeof *file);
    uint64_t random = 1;
    unsigned accepted = 0;
    for (int round = 0; round < 200000; round++) {
        memcpy(file, sound, 64 + 3 * 56);
        for (int i = 0; i < 1 + round % 3; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            ((uint8_t *)file)[(random >> 33) % (64 + 3 * 56)] ^=
                (uint8_t)(1u << (random >> 60) % 8);
        }
        struct qy_elf elf;
        if (qy_elf_parse(file, SIZE, &elf, NULL) == 0) {
            accepted++;
            promises_check(&elf);
        }
    }
    assert_in_range(accepted, 1000, 190000); /* both ways are exercised */
    free(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_elf_sound_is_described),
        TEST(test_elf_every_truncation_is_refused),
        TEST(test_elf_wrong_identification_is_refused),
        TEST(test_elf_program_headers_outside_are_refused),
        TEST(test_elf_segment_outside_file_is_refused),
        TEST(test_elf_segment_outside_user_space_is_refused),
        TEST(test_elf_misaligned_segment_is_refused),
        TEST(test_elf_overlapping_segments_are_refused),
        TEST(test_elf_writable_code_is_refused),
        TEST(test_elf_executable_stack_is_refused),
        TEST(test_elf_dynamic_is_refused),
        TEST(test_elf_entry_outside_code_is_refused),
        TEST(test_elf_random_damage_keeps_the_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

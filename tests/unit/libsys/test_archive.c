/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quay/archive.h>

#define SIZE (3 * PAGE_SIZE)

/* Two files, "hello" (5 bytes) and "world" (4096 bytes). */
struct image {
    uint8_t *bytes; /* exactly SIZE on the heap, so that the sanitizer sees a read past it */
};

static struct archive_header *header_of(struct image *image)
{
    return (struct archive_header *)(void *)image->bytes;
}

static struct archive_entry *entry_of(struct image *image, int index)
{
    return (struct archive_entry *)(void *)(image->bytes + sizeof(struct archive_header)) + index;
}

static void seal(struct image *image)
{
    struct archive_header *header = header_of(image);
    header->crc32 = 0;
    uint32_t count = header->entry_count < 60 ? header->entry_count : 0;
    header->crc32 = qy_crc32(qy_crc32(0, header, sizeof *header), header + 1,
                             count * sizeof(struct archive_entry));
}

static int setup(void **state)
{
    struct image *image = malloc(sizeof *image);
    image->bytes = calloc(1, SIZE);
    *header_of(image) =
        (struct archive_header){.magic = ARCHIVE_MAGIC, .size_bytes = SIZE, .entry_count = 2};
    *entry_of(image, 0) = (struct archive_entry){"hello", PAGE_SIZE, 5, 0};
    *entry_of(image, 1) = (struct archive_entry){"world", 2 * PAGE_SIZE, PAGE_SIZE, 0};
    seal(image);
    *state = image;
    return 0;
}

static int teardown(void **state)
{
    struct image *image = *state;
    free(image->bytes);
    free(image);
    return 0;
}

static void refuse(struct image *image, size_t size, const char *expected)
{
    const char *reason = "";
    assert_int_equal(qy_archive_check(image->bytes, size, &reason), -EINVAL);
    assert_string_equal(reason, expected);
}

static void test_archive_sound_is_accepted(void **state)
{
    struct image *image = *state;
    assert_int_equal(qy_archive_check(image->bytes, SIZE, NULL), 0);
}

static void test_archive_find_by_name(void **state)
{
    struct image *image = *state;
    assert_ptr_equal(qy_archive_find(image->bytes, "world"), entry_of(image, 1));
    assert_null(qy_archive_find(image->bytes, "worl"));
    assert_null(qy_archive_entry(image->bytes, 2));
}

static void test_archive_every_truncation_is_refused(void **state)
{
    struct image *image = *state;
    for (size_t size = 0; size < SIZE; size += 31) {
        uint8_t *part = malloc(size + 1);
        memcpy(part, image->bytes, size);
        uint8_t *exact = realloc(part, size > 0 ? size : 1);
        assert_int_equal(qy_archive_check(exact, size, NULL), -EINVAL);
        free(exact);
    }
}

static void test_archive_wrong_magic_is_refused(void **state)
{
    header_of(*state)->magic ^= 1;
    refuse(*state, SIZE, "not a boot archive");
}

static void test_archive_huge_count_is_refused(void **state)
{
    header_of(*state)->entry_count = UINT32_MAX;
    refuse(*state, SIZE, "too many files");
    header_of(*state)->entry_count = 500;
    refuse(*state, SIZE, "too many files");
}

static void test_archive_flipped_bit_in_table_is_refused(void **state)
{
    entry_of(*state, 1)->size_bytes ^= 1;
    refuse(*state, SIZE, "the checksum of the table is wrong");
}

static void test_archive_names_out_of_order_are_refused(void **state)
{
    struct image *image = *state;
    memcpy(entry_of(image, 1)->name, "abc", 4);
    seal(image);
    refuse(image, SIZE, "the names are not in order");
}

static void test_archive_same_name_twice_is_refused(void **state)
{
    struct image *image = *state;
    memcpy(entry_of(image, 1)->name, "hello", 6);
    seal(image);
    refuse(image, SIZE, "the names are not in order");
}

static void test_archive_unterminated_name_is_refused(void **state)
{
    struct image *image = *state;
    memset(entry_of(image, 1)->name, 'x', ARCHIVE_NAME_MAX);
    seal(image);
    refuse(image, SIZE, "a name is empty or too long");
}

static void test_archive_file_outside_is_refused(void **state)
{
    struct image *image = *state;
    static const uint64_t bad[][2] = {
        {0, 5},    {100, 5},        {SIZE + PAGE_SIZE, 0},           {2 * PAGE_SIZE, PAGE_SIZE + 1},
        {SIZE, 1}, {UINT64_MAX, 1}, {UINT64_MAX - PAGE_SIZE + 1, 5}, {PAGE_SIZE, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        entry_of(image, 1)->offset_bytes = bad[i][0];
        entry_of(image, 1)->size_bytes = bad[i][1];
        seal(image);
        refuse(image, SIZE, "a file lies outside");
    }
}

static void test_crc32_check_value(void **state)
{
    (void)state;
    /* The check value of CRC-32/ISO-HDLC. */
    assert_int_equal(qy_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(qy_crc32(qy_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_archive_sound_is_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive_find_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive_every_truncation_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive_wrong_magic_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive_huge_count_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive_flipped_bit_in_table_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_archive_names_out_of_order_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_archive_same_name_twice_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive_unterminated_name_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive_file_outside_is_refused, setup, teardown),
        cmocka_unit_test(test_crc32_check_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

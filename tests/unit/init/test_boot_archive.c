/* SPDX-License-Identifier: MIT */
#include "unit/property.h"
#include <string.h>

#include "init/archive.h"

#define FILES 3u
#define SIZE  (4 * PAGE_SIZE)

struct image {
    struct archive_header header;
    struct archive_entry entries[FILES];
};

static void seal(struct image *image)
{
    image->header.crc32 = 0;
    image->header.crc32 = crc32_update(0, image, sizeof(*image));
}

static struct image image_good(void)
{
    struct image image = {
        .header = {.magic = ARCHIVE_MAGIC, .size_bytes = SIZE, .entry_count = FILES},
        .entries = {{.name = "counter", .offset_bytes = PAGE_SIZE, .size_bytes = PAGE_SIZE},
                    {.name = "init", .offset_bytes = 2 * PAGE_SIZE, .size_bytes = 10},
                    {.name = "zero", .offset_bytes = 4 * PAGE_SIZE, .size_bytes = 0}},
    };
    seal(&image);
    return image;
}

/* Checks a copy of exactly `size` bytes. */
static const char *check(const struct image *image, size_t size)
{
    char *copy = calloc(1, size);
    const char *error;

    memcpy(copy, image, size < sizeof(*image) ? size : sizeof(*image));
    error = archive_check(copy, size);
    free(copy);
    return error;
}

static void test_crc32_known_value(void **state)
{
    (void)state;
    assert_int_equal(crc32_update(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32_update(crc32_update(0, "1234", 4), "56789", 5), 0xcbf43926);
}

static void test_archive_good_one_passes(void **state)
{
    const struct image image = image_good();

    (void)state;
    assert_null(check(&image, SIZE));
    assert_null(check(&image, SIZE + 100));
    assert_ptr_equal(archive_find(&image, "init"), &image.entries[1]);
    assert_null(archive_find(&image, "ini"));
    assert_null(archive_find(&image, "initx"));
}

static void test_archive_wrong_or_truncated_one_is_told_apart(void **state)
{
    struct image image = image_good();

    (void)state;
    assert_string_equal(check(&image, 20), "too short to be one");
    assert_string_equal(check(&image, SIZE - 1), "truncated");
    assert_string_equal(check(&image, sizeof(image)), "truncated");
    image.header.magic++;
    assert_string_equal(check(&image, SIZE), "not a Quay boot archive");
    image = image_good();
    image.entries[1].size_bytes++;
    assert_string_equal(check(&image, SIZE), "checksum does not match");
    image = image_good();
    image.header.entry_count = UINT32_MAX;
    assert_string_equal(check(&image, SIZE), "damaged header");
    image.header.entry_count = ARCHIVE_FILES_MAX; /* more than fit in the size */
    assert_string_equal(check(&image, SIZE), "damaged header");
    image = image_good();
    image.header.size_bytes = 0;
    assert_string_equal(check(&image, SIZE), "damaged header");
}

/* Each with a right checksum. */
static void expect_bad_table(struct image *image)
{
    seal(image);
    assert_string_equal(check(image, SIZE), "damaged table of files");
    *image = image_good();
}

static void test_archive_impossible_entries_are_refused(void **state)
{
    struct image image = image_good();

    (void)state;
    memset(image.entries[2].name, 'z', ARCHIVE_NAME_MAX);
    expect_bad_table(&image);
    image.entries[0].name[0] = 0;
    expect_bad_table(&image);
    image.entries[1].name[0] = 'a'; /* order */
    expect_bad_table(&image);
    memcpy(image.entries[1].name, "counter", 8); /* twice */
    expect_bad_table(&image);
    image.entries[0].offset_bytes = 0;
    expect_bad_table(&image);
    image.entries[0].offset_bytes += 8;
    expect_bad_table(&image);
    image.entries[0].offset_bytes = 5 * PAGE_SIZE;
    expect_bad_table(&image);
    image.entries[0].size_bytes = UINT64_MAX;
    expect_bad_table(&image);
    image.entries[2].size_bytes = 1;
    expect_bad_table(&image);
    image.entries[1].reserved = 1;
    expect_bad_table(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32_known_value),
        cmocka_unit_test(test_archive_good_one_passes),
        cmocka_unit_test(test_archive_wrong_or_truncated_one_is_told_apart),
        cmocka_unit_test(test_archive_impossible_entries_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

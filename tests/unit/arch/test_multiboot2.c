/* SPDX-License-Identifier: MIT */
#include "unit/property.h"
#include <string.h>

#include "arch/x86_64/multiboot2.h"

#define ADDRESS 0x9000u

/* Boot information under construction. */
struct builder {
    size_t size;
    uint8_t bytes[4096];
};

static void begin(struct builder *b)
{
    memset(b, 0, sizeof(*b));
    b->size = 8;
}

/* Appends a tag; `stated` is the size it claims to have. */
static void tag(struct builder *b, uint32_t type, const void *data, size_t size, uint32_t stated)
{
    memcpy(b->bytes + b->size, &type, 4);
    memcpy(b->bytes + b->size + 4, &stated, 4);
    memcpy(b->bytes + b->size + 8, data, size);
    b->size += (8 + size + 7) / 8 * 8;
}

static void tag_exact(struct builder *b, uint32_t type, const void *data, size_t size)
{
    tag(b, type, data, size, (uint32_t)(8 + size));
}

static void tag_memory_map(struct builder *b)
{
    const struct {
        uint32_t entry_size, version;
        struct {
            uint64_t start, size;
            uint32_t type, reserved;
        } entries[4];
    } map = {24,
             0,
             {{0, 0x9f000, 1, 0},
              {0x9f000, 0x1000, 2, 0},
              {0x100000, 0x700000, 1, 0},
              {0x800000, 0x1000, 3, 0}}};
    tag_exact(b, 6, &map, sizeof(map));
}

static void tag_end(struct builder *b)
{
    tag_exact(b, 0, "", 0);
}

/* The information in memory, in a copy that ends where the allocation ends, so that a read beyond
 * is found. */
static struct {
    void *data;
    size_t size;
} x_copy;

static const void *copy_read(struct paddr address, uint64_t size)
{
    return address.value == ADDRESS && size <= x_copy.size ? x_copy.data : NULL;
}

static const char *parse(struct builder *b, struct boot_info *info)
{
    const uint32_t size = (uint32_t)b->size;
    const char *error;

    x_copy.data = malloc(b->size);
    x_copy.size = b->size;
    memcpy(b->bytes, &size, sizeof(size));
    memcpy(x_copy.data, b->bytes, b->size);
    memset(info, 0, sizeof(*info));
    error = multiboot2_parse(paddr_of(ADDRESS), copy_read, info);
    free(x_copy.data);
    return error;
}

static void full(struct builder *b)
{
    const uint32_t module[3] = {0x200000, 0x203456, 0};
    const struct {
        uint64_t address;
        uint32_t pitch, width, height;
        uint8_t bpp, type, reserved[2];
    } framebuffer = {0xfd000000, 4096, 1024, 768, 32, 1, {0}};

    begin(b);
    tag_exact(b, 1, "log=debug", 10);
    tag_exact(b, 2, "GRUB 2.06", 10);
    tag_exact(b, 3, module, sizeof(module));
    tag_memory_map(b);
    tag_exact(b, 8, &framebuffer, sizeof(framebuffer));
    tag_exact(b, 99, "unknown", 8);
    tag_end(b);
}

static void test_multiboot2_full_information_is_read(void **state)
{
    struct builder b;
    struct boot_info info;

    (void)state;
    full(&b);
    assert_null(parse(&b, &info));
    assert_string_equal(info.command_line, "log=debug");
    assert_string_equal(info.loader, "GRUB 2.06");
    assert_int_equal(info.archive.value, 0x200000);
    assert_int_equal(info.archive_size_bytes, 0x3456);
    assert_int_equal(info.range_count, 4);
    assert_int_equal(info.ranges[0].type, BOOT_RANGE_RAM);
    assert_int_equal(info.ranges[1].type, BOOT_RANGE_RESERVED);
    assert_int_equal(info.ranges[3].type, BOOT_RANGE_ACPI);
    assert_int_equal(info.framebuffer.value, 0xfd000000);
    assert_int_equal(info.framebuffer_width, 1024);
}

static void test_multiboot2_newer_acpi_tag_wins(void **state)
{
    struct builder b;
    struct boot_info info;
    uint64_t expected;

    (void)state;
    begin(&b);
    tag_memory_map(&b);
    expected = ADDRESS + b.size + 8;
    tag_exact(&b, 15, "RSD PTR new", 12);
    tag_exact(&b, 14, "RSD PTR old", 12);
    tag_end(&b);
    assert_null(parse(&b, &info));
    assert_int_equal(info.acpi_rsdp.value, expected);
}

static void test_multiboot2_text_without_end_is_cut(void **state)
{
    struct builder b;
    struct boot_info info;
    char text[600];

    (void)state;
    memset(text, 'x', sizeof(text));
    begin(&b);
    tag_exact(&b, 1, text, sizeof(text));
    tag_exact(&b, 2, "abc", 3);
    tag_memory_map(&b);
    tag_end(&b);
    assert_null(parse(&b, &info));
    assert_int_equal(strlen(info.command_line), BOOT_COMMAND_LINE_MAX - 1);
    assert_string_equal(info.loader, "abc");
}

static void test_multiboot2_tag_past_the_end_is_refused(void **state)
{
    struct builder b;
    struct boot_info info;

    (void)state;
    begin(&b);
    tag_memory_map(&b);
    tag(&b, 1, "x", 2, 4096);
    tag_end(&b);
    assert_non_null(parse(&b, &info));
    begin(&b);
    tag_memory_map(&b);
    tag(&b, 1, "x", 2, 7);
    tag_end(&b);
    assert_non_null(parse(&b, &info));
}

static void test_multiboot2_missing_parts_are_refused(void **state)
{
    const uint32_t odd_module[3] = {0x200010, 0x203456, 0};
    const uint32_t backward_module[3] = {0x200000, 0x1ff000, 0};
    const uint32_t short_map[2] = {8, 0};
    struct builder b;
    struct boot_info info;

    (void)state;
    begin(&b);
    tag_memory_map(&b); /* no end tag */
    assert_non_null(parse(&b, &info));
    begin(&b);
    tag_end(&b); /* no memory map */
    assert_non_null(parse(&b, &info));
    begin(&b);
    tag_exact(&b, 6, short_map, sizeof(short_map));
    tag_end(&b);
    assert_non_null(parse(&b, &info));
    begin(&b);
    tag_memory_map(&b);
    tag_exact(&b, 3, odd_module, sizeof(odd_module));
    tag_end(&b);
    assert_non_null(parse(&b, &info));
    begin(&b);
    tag_memory_map(&b);
    tag_exact(&b, 3, backward_module, sizeof(backward_module));
    tag_end(&b);
    assert_non_null(parse(&b, &info));
}

static void test_multiboot2_cut_anywhere_is_refused(void **state)
{
    struct builder b, cut;
    struct boot_info info;

    (void)state;
    full(&b);
    for (size_t size = 8; size < b.size; size++) {
        cut = b;
        cut.size = size;
        assert_non_null(parse(&cut, &info));
    }
}

static void test_multiboot2_bad_size_is_refused(void **state)
{
    static const uint32_t sizes[] = {0, 8, 15, 17, 64, UINT32_MAX};
    uint32_t bytes[4] = {0, 0, 0, 8};
    struct boot_info info = {0};

    (void)state;
    x_copy.data = bytes;
    x_copy.size = sizeof(bytes);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        bytes[0] = sizes[i];
        assert_string_equal(multiboot2_parse(paddr_of(ADDRESS), copy_read, &info),
                            "multiboot2: bad size");
    }
    assert_non_null(multiboot2_parse(paddr_of(0), copy_read, &info)); /* out of reach */
}

static void test_multiboot2_damage_is_survived(void **state)
{
    struct builder b, damaged;
    struct boot_info info;
    struct random random;

    (void)state;
    random_init(&random);
    full(&b);
    for (int i = 0; i < 100000; i++) {
        damaged = b;
        for (size_t n = random_below(&random, 4) + 1; n > 0; n--) {
            damaged.bytes[random_below(&random, b.size)] = (uint8_t)random_u64(&random);
        }
        (void)parse(&damaged, &info);
        assert_true(info.range_count <= BOOT_RANGE_MAX);
        assert_int_equal(info.command_line[BOOT_COMMAND_LINE_MAX - 1], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multiboot2_full_information_is_read),
        cmocka_unit_test(test_multiboot2_newer_acpi_tag_wins),
        cmocka_unit_test(test_multiboot2_text_without_end_is_cut),
        cmocka_unit_test(test_multiboot2_tag_past_the_end_is_refused),
        cmocka_unit_test(test_multiboot2_missing_parts_are_refused),
        cmocka_unit_test(test_multiboot2_cut_anywhere_is_refused),
        cmocka_unit_test(test_multiboot2_bad_size_is_refused),
        cmocka_unit_test(test_multiboot2_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

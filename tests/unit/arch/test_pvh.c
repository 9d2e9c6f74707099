/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "unit/arch/memory.h"

#define START   0x100u
#define MODULES 0x200u
#define MAP     0x300u
#define LINE    0x400u

struct start {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, map;
    uint32_t map_count, reserved;
};

struct entry {
    uint64_t start, size;
    uint32_t type, reserved;
};

static struct start start_good(void)
{
    const uint64_t module[4] = {0x200000, 0x5000, 0, 0};
    const struct entry map[3] = {
        {0, 0x9f000, 1, 0}, {0x9f000, 0x1000, 2, 0}, {0x100000, 0x700000, 1, 0}};

    memset(x_memory, 0, sizeof(x_memory));
    memory_put(MODULES, module, sizeof(module));
    memory_put(MAP, map, sizeof(map));
    memory_put(LINE, "bench", 6);
    return (struct start){.magic = 0x336ec578,
                          .version = 1,
                          .module_count = 1,
                          .modules = MODULES,
                          .command_line = LINE,
                          .rsdp = 0xf5000,
                          .map = MAP,
                          .map_count = 3};
}

static const char *parse(const struct start *start, struct boot_info *info)
{
    memory_put(START, start, sizeof(*start));
    memset(info, 0, sizeof(*info));
    return pvh_parse(paddr_of(START), memory_read, info);
}

static void test_pvh_full_information_is_read(void **state)
{
    const struct start start = start_good();
    struct boot_info info;

    (void)state;
    assert_null(parse(&start, &info));
    assert_string_equal(info.loader, "PVH");
    assert_string_equal(info.command_line, "bench");
    assert_int_equal(info.archive.value, 0x200000);
    assert_int_equal(info.archive_size_bytes, 0x5000);
    assert_int_equal(info.acpi_rsdp.value, 0xf5000);
    assert_int_equal(info.range_count, 3);
}

static void test_pvh_without_module_has_no_archive(void **state)
{
    struct start start = start_good();
    struct boot_info info;

    (void)state;
    start.module_count = 0;
    start.command_line = 0;
    assert_null(parse(&start, &info));
    assert_int_equal(info.archive_size_bytes, 0);
    assert_string_equal(info.command_line, "");
}

static void test_pvh_other_loader_is_refused(void **state)
{
    struct start start = start_good();
    struct boot_info info;

    (void)state;
    start.magic++;
    assert_string_equal(parse(&start, &info), "not started by a multiboot2 or PVH loader");
    assert_non_null(pvh_parse(paddr_of(MEMORY_SIZE), memory_read, &info));
    start = start_good();
    start.version = 0;
    assert_non_null(parse(&start, &info));
}

static void test_pvh_pointers_out_of_reach_are_refused(void **state)
{
    struct start start = start_good();
    struct boot_info info;

    (void)state;
    start.map = UINT64_MAX - 8;
    assert_non_null(parse(&start, &info));
    start = start_good();
    start.map_count = UINT32_MAX;
    assert_non_null(parse(&start, &info));
    start = start_good();
    start.map_count = 0;
    assert_non_null(parse(&start, &info));
    start = start_good();
    start.modules = MEMORY_SIZE - 8;
    assert_non_null(parse(&start, &info));
}

static void test_pvh_bad_module_is_refused(void **state)
{
    const uint64_t odd[4] = {0x200010, 0x5000, 0, 0};
    const uint64_t wrapping[4] = {0x200000, UINT64_MAX, 0, 0};
    const struct start start = start_good();
    struct boot_info info;

    (void)state;
    memory_put(MODULES, odd, sizeof(odd));
    assert_non_null(parse(&start, &info));
    memory_put(MODULES, wrapping, sizeof(wrapping));
    assert_non_null(parse(&start, &info));
}

static void test_pvh_endless_command_line_is_cut(void **state)
{
    struct start start = start_good();
    struct boot_info info;

    (void)state;
    memset(x_memory + LINE, 'x', MEMORY_SIZE - LINE);
    assert_null(parse(&start, &info));
    assert_int_equal(strlen(info.command_line), BOOT_COMMAND_LINE_MAX - 1);
    start.command_line = MEMORY_SIZE - 3;
    assert_null(parse(&start, &info));
    assert_string_equal(info.command_line, "xxx");
}

static void test_pvh_damage_is_survived(void **state)
{
    struct random random;
    struct boot_info info;

    (void)state;
    random_init(&random);
    for (int i = 0; i < 50000; i++) {
        struct start start = start_good();
        for (size_t n = random_below(&random, 4) + 1; n > 0; n--) {
            ((uint8_t *)&start)[random_below(&random, sizeof(start))] =
                (uint8_t)random_u64(&random);
            x_memory[MAP + random_below(&random, 72)] = (uint8_t)random_u64(&random);
        }
        (void)parse(&start, &info);
        assert_true(info.range_count <= BOOT_RANGE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pvh_full_information_is_read),
        cmocka_unit_test(test_pvh_without_module_has_no_archive),
        cmocka_unit_test(test_pvh_other_loader_is_refused),
        cmocka_unit_test(test_pvh_pointers_out_of_reach_are_refused),
        cmocka_unit_test(test_pvh_bad_module_is_refused),
        cmocka_unit_test(test_pvh_endless_command_line_is_cut),
        cmocka_unit_test(test_pvh_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

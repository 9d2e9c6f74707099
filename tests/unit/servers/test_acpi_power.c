/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quay/abi/errno.h>
#include "../../../servers/power/acpi_power.h"

/* A machine's tables, each a heap block of exactly its size at a physical address of its own. */
#define RSDP_AT 0x0f0000ul
#define RSDT_AT 0x100000ul
#define XSDT_AT 0x110000ul
#define FADT_AT 0x120000ul
#define DSDT_AT 0x130000ul

#define TABLES         5
#define TABLE_OF(name) (&machine->tables[name])

enum {
    RSDP,
    RSDT,
    XSDT,
    FADT,
    DSDT
};

struct table {
    uint64_t address;
    size_t size;
    uint8_t *bytes;
};

struct machine {
    struct table tables[TABLES];
    struct acpi_reader reader;
};

/* What a sanitizer watches: the mapping is exactly as long as what was asked for. */
static const void *map(void *context, uint64_t address, size_t size_bytes)
{
    struct machine *machine = context;
    for (int i = 0; i < TABLES; i++) {
        struct table *table = &machine->tables[i];
        if (address == table->address && size_bytes <= table->size) {
            return table->bytes;
        }
    }
    return NULL;
}

static void number_put(struct table *table, size_t offset, unsigned width, uint64_t value)
{
    memcpy(table->bytes + offset, &value, width);
}

static void seal(struct table *table, size_t size, size_t sum_offset)
{
    uint8_t sum = 0;
    table->bytes[sum_offset] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + table->bytes[i]);
    }
    table->bytes[sum_offset] = (uint8_t)-sum;
}

static void table_make(struct machine *machine, int index, uint64_t address, const char *signature,
                       size_t size)
{
    struct table *table = &machine->tables[index];
    *table = (struct table){.address = address, .size = size, .bytes = calloc(1, size)};
    memcpy(table->bytes, signature, strlen(signature));
    if (index != RSDP) {
        number_put(table, 4, 4, size);
    }
}

static void seal_all(struct machine *machine)
{
    seal(TABLE_OF(RSDP), 20, 8);
    seal(TABLE_OF(RSDP), 36, 32);
    for (int i = RSDT; i < TABLES; i++) {
        seal(TABLE_OF(i), TABLE_OF(i)->size, 9);
    }
}

/* Name (_S5, Package (4) { 5, 6, 0, 0 }) among other bytes. */
static const uint8_t aml[] = {0x5b, 0x80, 0x08, '_',  'S',  '5',  '_',  0x12, 0x08,
                              0x04, 0x0a, 0x05, 0x0a, 0x06, 0x00, 0x00, 0xa3};

static int setup(void **state)
{
    struct machine *machine = calloc(1, sizeof *machine);
    machine->reader = (struct acpi_reader){.map = map, .context = machine};
    table_make(machine, RSDP, RSDP_AT, "RSD PTR ", 36);
    table_make(machine, RSDT, RSDT_AT, "RSDT", 36 + 4);
    table_make(machine, XSDT, XSDT_AT, "XSDT", 36 + 8);
    table_make(machine, FADT, FADT_AT, "FACP", 244);
    table_make(machine, DSDT, DSDT_AT, "DSDT", 36 + sizeof aml);
    TABLE_OF(RSDP)->bytes[15] = 2;
    number_put(TABLE_OF(RSDP), 16, 4, RSDT_AT);
    number_put(TABLE_OF(RSDP), 20, 4, 36);
    number_put(TABLE_OF(RSDP), 24, 8, XSDT_AT);
    number_put(TABLE_OF(RSDT), 36, 4, FADT_AT);
    number_put(TABLE_OF(XSDT), 36, 8, FADT_AT);
    number_put(TABLE_OF(FADT), 40, 4, DSDT_AT);
    number_put(TABLE_OF(FADT), 48, 4, 0xb2);
    number_put(TABLE_OF(FADT), 52, 1, 0xf1);
    number_put(TABLE_OF(FADT), 64, 4, 0x604);
    number_put(TABLE_OF(FADT), 112, 4, 1u << 10);
    number_put(TABLE_OF(FADT), 116, 1, 1);
    number_put(TABLE_OF(FADT), 120, 8, 0xcf9);
    number_put(TABLE_OF(FADT), 128, 1, 0x0f);
    memcpy(TABLE_OF(DSDT)->bytes + 36, aml, sizeof aml);
    seal_all(machine);
    *state = machine;
    return 0;
}

static int teardown(void **state)
{
    struct machine *machine = *state;
    for (int i = 0; i < TABLES; i++) {
        free(machine->tables[i].bytes);
    }
    free(machine);
    return 0;
}

static int find(struct machine *machine, struct acpi_power *power)
{
    const char *reason = "";
    return acpi_power_find(&machine->reader, TABLE_OF(RSDP)->bytes, TABLE_OF(RSDP)->size, power,
                           &reason);
}

static void test_acpi_sound_tables_are_read(void **state)
{
    struct acpi_power power;
    assert_int_equal(find(*state, &power), 0);
    assert_true(power.off_known);
    assert_int_equal(power.pm1a_control_port, 0x604);
    assert_int_equal(power.pm1b_control_port, 0);
    assert_int_equal(power.sleep_type_a, 5);
    assert_int_equal(power.sleep_type_b, 6);
    assert_int_equal(power.smi_command_port, 0xb2);
    assert_int_equal(power.acpi_enable, 0xf1);
    assert_true(power.reset_known);
    assert_int_equal(power.reset_port, 0xcf9);
    assert_int_equal(power.reset_value, 0x0f);
}

static void test_acpi_version_1_uses_rsdt(void **state)
{
    struct machine *machine = *state;
    struct acpi_power power;
    TABLE_OF(RSDP)->bytes[15] = 0;
    memset(TABLE_OF(XSDT)->bytes, 0, TABLE_OF(XSDT)->size);
    seal(TABLE_OF(RSDP), 20, 8);
    assert_int_equal(find(machine, &power), 0);
    assert_true(power.off_known);
}

static void test_acpi_broken_xsdt_falls_back_to_rsdt(void **state)
{
    struct machine *machine = *state;
    struct acpi_power power;
    TABLE_OF(XSDT)->bytes[20] ^= 1;
    assert_int_equal(find(machine, &power), 0);
    assert_true(power.off_known);
}

static void test_acpi_extended_registers_win(void **state)
{
    struct machine *machine = *state;
    struct acpi_power power;
    number_put(TABLE_OF(FADT), 172, 1, 1);
    number_put(TABLE_OF(FADT), 176, 8, 0x1004);
    number_put(TABLE_OF(FADT), 184, 1, 1);
    number_put(TABLE_OF(FADT), 188, 8, 0x2004);
    seal_all(machine);
    assert_int_equal(find(machine, &power), 0);
    assert_int_equal(power.pm1a_control_port, 0x1004);
    assert_int_equal(power.pm1b_control_port, 0x2004);
}

static void test_acpi_each_wrong_checksum_is_noticed(void **state)
{
    struct machine *machine = *state;
    struct acpi_power power;
    TABLE_OF(DSDT)->bytes[36] ^= 0x80;
    assert_int_equal(find(machine, &power), 0);
    assert_false(power.off_known);
    assert_true(power.reset_known);
    TABLE_OF(FADT)->bytes[200] ^= 1;
    assert_int_equal(find(machine, &power), -ENODEV);
    TABLE_OF(FADT)->bytes[200] ^= 1;
    TABLE_OF(RSDT)->bytes[30] ^= 1;
    TABLE_OF(XSDT)->bytes[30] ^= 1;
    assert_int_equal(find(machine, &power), -ENODEV);
    TABLE_OF(RSDP)->bytes[9] ^= 1;
    assert_int_equal(find(machine, &power), -ENODEV);
}

static void test_acpi_no_root_pointer(void **state)
{
    struct machine *machine = *state;
    struct acpi_power power;
    const char *reason = "";
    for (size_t size = 0; size < 20; size++) {
        uint8_t *part = malloc(size + 1);
        memcpy(part, TABLE_OF(RSDP)->bytes, size);
        assert_int_equal(acpi_power_find(&machine->reader, part, size, &power, &reason), -ENODEV);
        free(part);
    }
}

static void test_acpi_wrong_lengths_are_refused(void **state)
{
    struct machine *machine = *state;
    struct acpi_power power;
    static const uint32_t lengths[] = {0, 1, 35, 0x7fffffff, UINT32_MAX, ACPI_TABLE_MAX + 1, 245};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        number_put(TABLE_OF(FADT), 4, 4, lengths[i]);
        assert_int_equal(find(machine, &power), -ENODEV);
    }
}

static void test_acpi_short_fadt_has_no_reset(void **state)
{
    struct machine *machine = *state;
    struct acpi_power power;
    number_put(TABLE_OF(FADT), 4, 4, 116); /* version 1 ends here */
    seal(TABLE_OF(FADT), 116, 9);
    assert_int_equal(find(machine, &power), 0);
    assert_true(power.off_known);
    assert_false(power.reset_known);
}

static void test_acpi_ports_beyond_16_bits_are_not_used(void **state)
{
    struct machine *machine = *state;
    struct acpi_power power;
    number_put(TABLE_OF(FADT), 64, 4, 0x10604);
    number_put(TABLE_OF(FADT), 120, 8, 0x100000cf9);
    seal_all(machine);
    assert_int_equal(find(machine, &power), 0);
    assert_false(power.off_known);
    assert_false(power.reset_known);
}

static void test_s5_every_truncation_is_survived(void **state)
{
    (void)state;
    uint8_t a, b;
    for (size_t size = 0; size <= sizeof aml; size++) {
        uint8_t *part = malloc(size > 0 ? size : 1);
        memcpy(part, aml, size);
        assert_int_equal(acpi_sleep_types_find(part, size, &a, &b), size >= 14);
        free(part);
    }
}

static void test_s5_forms_that_compilers_make(void **state)
{
    (void)state;
    uint8_t a = 9, b = 9;
    static const uint8_t with_root[] = {0x08, '\\', '_',  'S',  '5', '_', 0x12,
                                        0x06, 0x04, 0x00, 0x01, 0,   0};
    assert_true(acpi_sleep_types_find(with_root, sizeof with_root, &a, &b));
    assert_int_equal(a, 0);
    assert_int_equal(b, 1);
    static const uint8_t long_length[] = {0x08, '_', 'S', '5',  '_', 0x12, 0x4a, 0x00, 0x02,
                                          0x0b, 7,   0,   0x0c, 3,   0,    0,    0};
    assert_true(acpi_sleep_types_find(long_length, sizeof long_length, &a, &b));
    assert_int_equal(a, 7);
    assert_int_equal(b, 3);
    static const uint8_t one[] = {0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x05};
    assert_true(acpi_sleep_types_find(one, sizeof one, &a, &b));
    assert_int_equal(a, 5);
    assert_int_equal(b, 0);
}

static void test_s5_nonsense_is_not_found(void **state)
{
    (void)state;
    uint8_t a, b;
    static const uint8_t reference[] = {0xa4, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x05};
    static const uint8_t empty[] = {0x08, '_', 'S', '5', '_', 0x12, 0x02, 0x00, 0x0a, 0x05};
    static const uint8_t big[] = {0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0a, 0x08};
    static const uint8_t wide[] = {0x08, '_', 'S', '5', '_', 0x12, 0x05, 0x01, 0x0b, 0x05, 0x01};
    static const uint8_t text[] = {0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x01, 0x0d, 0x05};
    assert_false(acpi_sleep_types_find(reference, sizeof reference, &a, &b));
    assert_false(acpi_sleep_types_find(empty, sizeof empty, &a, &b));
    assert_false(acpi_sleep_types_find(big, sizeof big, &a, &b));
    assert_false(acpi_sleep_types_find(wide, sizeof wide, &a, &b));
    assert_false(acpi_sleep_types_find(text, sizeof text, &a, &b));
}

/* Random damage, sums put right again: nothing may be read outside (the sanitizer tells). */
static void test_acpi_random_damage_is_survived(void **state)
{
    struct machine *machine = *state;
    uint64_t random = 7;
    for (int round = 0; round < 100000; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        struct table *table = &machine->tables[(random >> 60) % TABLES];
        size_t at = (random >> 33) % table->size;
        uint8_t old = table->bytes[at];
        table->bytes[at] = (uint8_t)(random >> 20);
        if (table == TABLE_OF(RSDP)) {
            seal(table, 20, 8);
            seal(table, 36, 32);
        } else {
            seal(table, table->size, 9);
        }
        struct acpi_power power;
        if (find(machine, &power) == 0 && power.off_known) {
            assert_in_range(power.sleep_type_a, 0, 7);
            assert_int_not_equal(power.pm1a_control_port, 0);
        }
        table->bytes[at] = old;
        seal_all(machine);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_acpi_sound_tables_are_read),
        TEST(test_acpi_version_1_uses_rsdt),
        TEST(test_acpi_broken_xsdt_falls_back_to_rsdt),
        TEST(test_acpi_extended_registers_win),
        TEST(test_acpi_each_wrong_checksum_is_noticed),
        TEST(test_acpi_no_root_pointer),
        TEST(test_acpi_wrong_lengths_are_refused),
        TEST(test_acpi_short_fadt_has_no_reset),
        TEST(test_acpi_ports_beyond_16_bits_are_not_used),
        cmocka_unit_test(test_s5_every_truncation_is_survived),
        cmocka_unit_test(test_s5_forms_that_compilers_make),
        cmocka_unit_test(test_s5_nonsense_is_not_found),
        TEST(test_acpi_random_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

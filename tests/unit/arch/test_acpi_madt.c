/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "arch/x86_64/acpi.h"
#include "unit/arch/memory.h"

#define RSDP 0x100u
#define RSDT 0x200u
#define XSDT 0x280u
#define FADT 0x300u
#define MADT 0x400u

/* Sets the byte at `at` so that the sum of the whole is 0. */
static void checksum_fix(uint64_t address, size_t size, size_t at)
{
    uint8_t sum = 0;

    x_memory[address + at] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + x_memory[address + i]);
    }
    x_memory[address + at] = (uint8_t)-sum;
}

static void table_put(uint64_t address, const char *signature, const void *body, size_t size)
{
    const uint32_t length = (uint32_t)(36 + size);

    memset(x_memory + address, 0, 36);
    memory_put(address, signature, 4);
    memory_put(address + 4, &length, 4);
    memory_put(address + 36, body, size);
    checksum_fix(address, length, 9);
}

static size_t madt_size(void)
{
    uint32_t length;
    memcpy(&length, x_memory + MADT + 4, 4);
    return length;
}

/* Two CPUs (and one turned off), an I/O APIC, an override of line 0 and one of line 9. */
static const uint8_t madt_body[] = {
    0x00, 0x00, 0xe0, 0xfe, 1, 0, 0,    0,                   /* local APIC, flags */
    0,    8,    0,    0,    1, 0, 0,    0,                   /* CPU 0 */
    0,    8,    1,    4,    1, 0, 0,    0,                   /* CPU with APIC id 4 */
    0,    8,    2,    5,    0, 0, 0,    0,                   /* turned off */
    1,    12,   7,    0,    0, 0, 0xc0, 0xfe, 0,    0, 0, 0, /* I/O APIC */
    2,    10,   0,    0,    2, 0, 0,    0,    0,    0,       /* line 0 is 2 */
    2,    10,   0,    9,    9, 0, 0,    0,    0x0f, 0,       /* line 9: active low, level */
    4,    6,    0xff, 0,    0, 1,                            /* NMI */
    9,    16,   0,    0,    9, 0, 0,    0,    1,    0, 0, 0, 0, 0, 0, 0, /* x2APIC */
};

static void firmware_put(uint8_t revision)
{
    const uint32_t rsdt_body[2] = {FADT, MADT};
    const uint64_t xsdt_body[2] = {FADT, MADT};
    const uint32_t rsdt = RSDT, length = 36;
    const uint64_t xsdt = XSDT;

    memset(x_memory, 0, sizeof(x_memory));
    memory_put(RSDP, "RSD PTR ", 8);
    x_memory[RSDP + 15] = revision;
    memory_put(RSDP + 16, &rsdt, 4);
    memory_put(RSDP + 20, &length, 4);
    memory_put(RSDP + 24, &xsdt, 8);
    checksum_fix(RSDP, 20, 8);
    checksum_fix(RSDP, 36, 32);
    table_put(RSDT, "RSDT", rsdt_body, sizeof(rsdt_body));
    table_put(XSDT, "XSDT", xsdt_body, sizeof(xsdt_body));
    table_put(FADT, "FACP", "", 0);
    table_put(MADT, "APIC", madt_body, sizeof(madt_body));
}

static const char *read_madt(struct madt *madt)
{
    return acpi_read_madt(paddr_of(RSDP), memory_read, madt);
}

static void test_acpi_madt_is_found_and_read(void **state)
{
    struct madt madt;

    (void)state;
    for (uint8_t revision = 0; revision <= 2; revision += 2) {
        firmware_put(revision);
        assert_null(read_madt(&madt));
        assert_int_equal(madt.local_apic.value, 0xfee00000);
        assert_int_equal(madt.cpu_count, 2);
        assert_int_equal(madt.cpu_apic_ids[1], 4);
        assert_int_equal(madt.io_apic_count, 1);
        assert_int_equal(madt.io_apics[0].address.value, 0xfec00000);
        assert_int_equal(madt.isa[0].line, 2);
        assert_int_equal(madt.isa[1].line, 1);
        assert_int_equal(madt.isa[9].flags, MADT_POLARITY_LOW | MADT_TRIGGER_LEVEL);
    }
}

static void test_acpi_wrong_checksum_is_refused(void **state)
{
    static const uint64_t places[] = {RSDP + 3, RSDT + 20, MADT + 50};
    struct madt madt;

    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        firmware_put(0);
        x_memory[places[i]]++;
        assert_non_null(read_madt(&madt));
    }
    firmware_put(2); /* a bad XSDT leaves the RSDT */
    x_memory[XSDT + 20]++;
    assert_null(read_madt(&madt));
}

static void test_acpi_tables_out_of_reach_are_refused(void **state)
{
    const uint32_t far = MEMORY_SIZE - 4, huge = UINT32_MAX, tiny = 8;
    struct madt madt;

    (void)state;
    assert_non_null(acpi_read_madt(paddr_of(0), memory_read, &madt));
    assert_non_null(acpi_read_madt(paddr_of(UINT64_MAX - 3), memory_read, &madt));
    firmware_put(0);
    memory_put(RSDP + 16, &far, 4);
    checksum_fix(RSDP, 20, 8);
    assert_non_null(read_madt(&madt));
    firmware_put(0);
    memory_put(MADT + 4, &huge, 4);
    assert_non_null(read_madt(&madt));
    firmware_put(0);
    memory_put(MADT + 4, &tiny, 4);
    assert_non_null(read_madt(&madt));
}

/* Physical memory with a root pointer at one place, and a BIOS data area that tells of another. */
static uint64_t x_scan_at;

static const void *scan_read(struct paddr address, uint64_t size)
{
    static uint8_t piece[32];
    const uint16_t segment = 0x9fc0;

    assert_true(size <= sizeof(piece));
    memset(piece, 0, sizeof(piece));
    if (address.value == 0x40e) {
        memcpy(piece, &segment, 2);
    } else if (address.value == x_scan_at) {
        memcpy(piece, x_memory + RSDP, 20);
    }
    return piece;
}

static void test_acpi_root_pointer_is_scanned_for(void **state)
{
    static const uint64_t places[] = {0x9fc00, 0x9fff0, 0xe0000, 0xf5ab0, 0xffff0};

    (void)state;
    firmware_put(0);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        x_scan_at = places[i];
        assert_int_equal(acpi_rsdp_scan(scan_read).value, places[i]);
    }
    x_scan_at = 0xd0000;
    assert_int_equal(acpi_rsdp_scan(scan_read).value, 0);
}

static const char *parse_body(const uint8_t *body, size_t size, struct madt *madt)
{
    table_put(MADT, "APIC", body, size);
    return madt_parse(memory_read(paddr_of(MADT), madt_size()), madt_size(), madt);
}

static void test_madt_bad_entries_are_refused(void **state)
{
    static const uint8_t zero_length[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t past_end[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 1, 1};
    static const uint8_t none[] = {0, 0, 0, 0, 0, 0, 0, 0};
    struct madt madt;

    (void)state;
    assert_non_null(parse_body(zero_length, sizeof(zero_length), &madt));
    assert_non_null(parse_body(past_end, sizeof(past_end), &madt));
    assert_string_equal(parse_body(none, sizeof(none), &madt), "ACPI MADT lists no CPU");
    assert_non_null(parse_body(none, 4, &madt));
}

static void test_madt_short_entries_are_skipped(void **state)
{
    static const uint8_t body[] = {0, 0, 0, 0, 0, 0, 0, 0, /* */
                                   0, 4, 3, 3,             /* CPU without flags */
                                   1, 4, 0, 0,             /* I/O APIC without address */
                                   2, 4, 0, 1,             /* override without line */
                                   0, 8, 1, 1, 1, 0, 0, 0};
    struct madt madt;

    (void)state;
    assert_null(parse_body(body, sizeof(body), &madt));
    assert_int_equal(madt.cpu_count, 1);
    assert_int_equal(madt.io_apic_count, 0);
}

static void test_madt_more_cpus_than_places_are_counted(void **state)
{
    uint8_t body[8 + 8 * 40] = {0};
    struct madt madt;

    (void)state;
    for (uint8_t i = 0; i < 40; i++) {
        const uint8_t entry[8] = {0, 8, i, (uint8_t)(i < 39 ? i : 0), 1, 0, 0, 0}; /* 0 twice */
        memcpy(body + 8 + 8 * i, entry, 8);
    }
    assert_null(parse_body(body, sizeof(body), &madt));
    assert_int_equal(madt.cpu_count, 39);
    assert_int_equal(madt.cpu_apic_ids[MAX_CPUS - 1], MAX_CPUS - 1);
}

static void test_madt_damage_is_survived(void **state)
{
    struct random random;
    struct madt madt;
    uint8_t body[sizeof(madt_body)];

    (void)state;
    random_init(&random);
    firmware_put(0);
    for (int i = 0; i < 100000; i++) {
        memcpy(body, madt_body, sizeof(body));
        for (size_t n = random_below(&random, 5); n > 0; n--) {
            body[random_below(&random, sizeof(body))] = (uint8_t)random_u64(&random);
        }
        if (parse_body(body, random_below(&random, sizeof(body)) + 1, &madt) == NULL) {
            assert_true(madt.cpu_count != 0);
            assert_true(madt.io_apic_count <= MADT_IO_APIC_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acpi_madt_is_found_and_read),
        cmocka_unit_test(test_acpi_wrong_checksum_is_refused),
        cmocka_unit_test(test_acpi_tables_out_of_reach_are_refused),
        cmocka_unit_test(test_acpi_root_pointer_is_scanned_for),
        cmocka_unit_test(test_madt_bad_entries_are_refused),
        cmocka_unit_test(test_madt_short_entries_are_skipped),
        cmocka_unit_test(test_madt_more_cpus_than_places_are_counted),
        cmocka_unit_test(test_madt_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

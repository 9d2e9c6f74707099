/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/acpi.h"
#include "lib/checked.h"
#include "lib/string.h"

#define TABLE_SIZE_MAX 0x100000

struct PACKED rsdp {
    char signature[8]; /* "RSD PTR " */
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    /* revision 2 */
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum, reserved[3];
};

#define RSDP_OLD_SIZE 20

struct PACKED table_header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
};

static bool checksum_ok(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

/* A table whose signature, length and checksum are right, or NULL. */
static const void *table_read(uint64_t address, const char *signature, physical_reader_fn *read,
                              size_t *ret_size)
{
    const void *data = read(paddr_of(address), sizeof(struct table_header));
    struct table_header header;

    if (data == NULL) {
        return NULL;
    }
    memcpy(&header, data, sizeof(header));
    if (memcmp(header.signature, signature, 4) != 0 || header.length < sizeof(header) ||
        header.length > TABLE_SIZE_MAX) {
        return NULL;
    }
    data = read(paddr_of(address), header.length);
    if (data == NULL || !checksum_ok(data, header.length)) {
        return NULL;
    }
    *ret_size = header.length;
    return data;
}

static bool rsdp_ok(const void *data)
{
    return memcmp(data, "RSD PTR ", 8) == 0 && checksum_ok(data, RSDP_OLD_SIZE);
}

static struct paddr rsdp_scan_range(uint64_t start, uint64_t size, physical_reader_fn *read)
{
    for (uint64_t at = start; at < start + size; at += 16) {
        const void *data = read(paddr_of(at), RSDP_OLD_SIZE);
        if (data != NULL && rsdp_ok(data)) {
            return paddr_of(at);
        }
    }
    return paddr_of(0);
}

/* ACPI 6.4, 5.2.5.1: the first KiB of the extended BIOS data area, or the BIOS area. */
struct paddr acpi_rsdp_scan(physical_reader_fn *read)
{
    const void *segment = read(paddr_of(0x40e), 2);
    struct paddr found = paddr_of(0);
    uint16_t ebda = 0;

    if (segment != NULL) {
        memcpy(&ebda, segment, sizeof(ebda));
    }
    if (ebda >= 0x8000 && ebda < 0xa000) {
        found = rsdp_scan_range((uint64_t)ebda << 4, 1024, read);
    }
    return found.value != 0 ? found : rsdp_scan_range(0xe0000, 0x20000, read);
}

/* The MADT among the tables that the root table lists by 4 or 8 byte addresses. */
static const void *madt_find(const uint8_t *root, size_t root_size, size_t pointer_size,
                             physical_reader_fn *read, size_t *ret_size)
{
    for (size_t at = sizeof(struct table_header); root_size - at >= pointer_size;
         at += pointer_size) {
        uint64_t address = 0;
        memcpy(&address, root + at, pointer_size);
        const void *table = table_read(address, "APIC", read, ret_size);
        if (table != NULL) {
            return table;
        }
    }
    return NULL;
}

const char *acpi_read_madt(struct paddr rsdp_address, physical_reader_fn *read,
                           struct madt *ret_madt)
{
    const void *data = read(rsdp_address, RSDP_OLD_SIZE);
    struct rsdp rsdp = {0};
    const void *root = NULL;
    const void *table;
    size_t root_size = 0, size, pointer_size = 4;

    if (rsdp_address.value == 0 || data == NULL || !rsdp_ok(data)) {
        return "no ACPI root pointer";
    }
    memcpy(&rsdp, data, RSDP_OLD_SIZE);
    data = rsdp.revision >= 2 ? read(rsdp_address, sizeof(rsdp)) : NULL;
    if (data != NULL && checksum_ok(data, sizeof(rsdp))) {
        memcpy(&rsdp, data, sizeof(rsdp));
        root = table_read(rsdp.xsdt, "XSDT", read, &root_size);
        pointer_size = 8;
    }
    if (root == NULL) {
        root = table_read(rsdp.rsdt, "RSDT", read, &root_size);
        pointer_size = 4;
    }
    if (root == NULL) {
        return "no valid ACPI root table";
    }
    table = madt_find(root, root_size, pointer_size, read, &size);
    return table != NULL ? madt_parse(table, size, ret_madt) : "no valid ACPI MADT";
}

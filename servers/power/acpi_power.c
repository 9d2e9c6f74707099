/* SPDX-License-Identifier: MIT */
#include "acpi_power.h"
#include <quay/text.h>
#include <quay/abi/errno.h>

#define TABLE_HEADER_SIZE 36u

/* Root pointer, ACPI 6.4 section 5.2.5.3. */
#define RSDP_SIGNATURE    "RSD PTR "
#define RSDP_SIZE_V1      20u
#define RSDP_SIZE_V2      36u
#define RSDP_REVISION     15u
#define RSDP_RSDT_ADDRESS 16u
#define RSDP_XSDT_ADDRESS 24u

/* FADT, section 5.2.9. */
#define FADT_DSDT         40u
#define FADT_SMI_COMMAND  48u
#define FADT_ACPI_ENABLE  52u
#define FADT_PM1A_CONTROL 64u
#define FADT_PM1B_CONTROL 68u
#define FADT_FLAGS        112u
#define FADT_RESET        116u
#define FADT_RESET_VALUE  128u
#define FADT_X_DSDT       140u
#define FADT_X_PM1A       172u
#define FADT_X_PM1B       184u
#define FADT_FLAG_RESET   (1u << 10)

#define ADDRESS_SPACE_IO 1u

/* AML, section 20.2. */
#define AML_ZERO    0x00
#define AML_ONE     0x01
#define AML_NAME    0x08
#define AML_BYTE    0x0a
#define AML_WORD    0x0b
#define AML_DWORD   0x0c
#define AML_PACKAGE 0x12
#define AML_ROOT    0x5c

/* A table whose length and checksum are right. */
struct table {
    const uint8_t *bytes;
    uint32_t size;
};

/* Little-endian numbers; 0 where the table is too short: older versions end early. */
static uint64_t number_at(const struct table *table, uint32_t offset, uint32_t width)
{
    if (offset > table->size || width > table->size - offset) {
        return 0;
    }
    uint64_t value = 0;
    for (uint32_t i = 0; i < width; i++) {
        value |= (uint64_t)table->bytes[offset + i] << 8 * i;
    }
    return value;
}

static bool checksum_valid(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

static bool table_open(const struct acpi_reader *reader, uint64_t address, const char *signature,
                       struct table *ret_table)
{
    const uint8_t *header =
        address != 0 ? reader->map(reader->context, address, TABLE_HEADER_SIZE) : NULL;
    if (header == NULL || memcmp(header, signature, 4) != 0) {
        return false;
    }
    struct table table = {.bytes = header, .size = TABLE_HEADER_SIZE};
    uint64_t size = number_at(&table, 4, 4);
    if (size < TABLE_HEADER_SIZE || size > ACPI_TABLE_MAX) {
        return false;
    }
    table.bytes = reader->map(reader->context, address, size);
    table.size = (uint32_t)size;
    if (table.bytes == NULL || !checksum_valid(table.bytes, size)) {
        return false;
    }
    *ret_table = table;
    return true;
}

/* The FADT by way of a root table whose entries are `width` bytes wide. */
static bool fadt_open(const struct acpi_reader *reader, const struct table *root, uint32_t width,
                      struct table *ret_fadt)
{
    for (uint32_t at = TABLE_HEADER_SIZE; root->size - at >= width; at += width) {
        if (table_open(reader, number_at(root, at, width), "FACP", ret_fadt)) {
            return true;
        }
    }
    return false;
}

/* The FADT, looked for in the XSDT first if the root pointer is of version 2 or later. */
static const char *fadt_find(const struct acpi_reader *reader, const struct table *rsdp,
                             struct table *ret_fadt)
{
    if (rsdp->size < RSDP_SIZE_V1 || memcmp(rsdp->bytes, RSDP_SIGNATURE, 8) != 0 ||
        !checksum_valid(rsdp->bytes, RSDP_SIZE_V1)) {
        return "there is no root pointer of ACPI";
    }
    struct table root;
    if (rsdp->bytes[RSDP_REVISION] >= 2 && rsdp->size >= RSDP_SIZE_V2 &&
        checksum_valid(rsdp->bytes, RSDP_SIZE_V2) &&
        table_open(reader, number_at(rsdp, RSDP_XSDT_ADDRESS, 8), "XSDT", &root) &&
        fadt_open(reader, &root, 8, ret_fadt)) {
        return NULL;
    }
    if (!table_open(reader, number_at(rsdp, RSDP_RSDT_ADDRESS, 4), "RSDT", &root)) {
        return "the root table of ACPI is not sound";
    }
    return fadt_open(reader, &root, 4, ret_fadt) ? NULL : "there is no sound FADT";
}

/* --- \_S5 ---------------------------------------------------------------------------------- */

/* A cursor over AML that never passes the end. */
struct aml {
    const uint8_t *at;
    size_t left;
};

static bool aml_take(struct aml *aml, uint8_t *ret_byte)
{
    if (aml->left == 0) {
        return false;
    }
    *ret_byte = *aml->at++;
    aml->left--;
    return true;
}

/* PkgLength (section 20.2.4): only skipped, the elements are read one by one. */
static bool aml_length_skip(struct aml *aml)
{
    uint8_t lead, byte;
    if (!aml_take(aml, &lead)) {
        return false;
    }
    for (unsigned more = lead >> 6; more > 0; more--) {
        if (!aml_take(aml, &byte)) {
            return false;
        }
    }
    return true;
}

/* A constant small enough to be a sleep type. */
static bool aml_sleep_type_take(struct aml *aml, uint8_t *ret_type)
{
    uint8_t code, value = 0, high = 0;
    if (!aml_take(aml, &code)) {
        return false;
    }
    unsigned bytes = 0;
    switch (code) {
    case AML_ZERO:
    case AML_ONE:
        value = code;
        break;
    case AML_BYTE:
        bytes = 1;
        break;
    case AML_WORD:
        bytes = 2;
        break;
    case AML_DWORD:
        bytes = 4;
        break;
    default:
        return false;
    }
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t byte;
        if (!aml_take(aml, &byte)) {
            return false;
        }
        if (i == 0) {
            value = byte;
        } else {
            high |= byte;
        }
    }
    if (high != 0 || value > 7) { /* three bits of the register */
        return false;
    }
    *ret_type = value;
    return true;
}

/* After the name: Package { SLP_TYPa, SLP_TYPb, ... }. */
static bool aml_package_parse(struct aml aml, uint8_t *ret_type_a, uint8_t *ret_type_b)
{
    uint8_t code, count, type_a, type_b = 0;
    if (!aml_take(&aml, &code) || code != AML_PACKAGE || !aml_length_skip(&aml) ||
        !aml_take(&aml, &count) || count == 0 || !aml_sleep_type_take(&aml, &type_a)) {
        return false;
    }
    if (count > 1 && !aml_sleep_type_take(&aml, &type_b)) {
        return false;
    }
    *ret_type_a = type_a;
    *ret_type_b = type_b;
    return true;
}

bool acpi_sleep_types_find(const uint8_t *aml, size_t size, uint8_t *ret_type_a,
                           uint8_t *ret_type_b)
{
    for (size_t i = 1; size >= 4 && i <= size - 4; i++) {
        if (memcmp(aml + i, "_S5_", 4) != 0) {
            continue;
        }
        bool named =
            aml[i - 1] == AML_NAME || (aml[i - 1] == AML_ROOT && i >= 2 && aml[i - 2] == AML_NAME);
        struct aml rest = {.at = aml + i + 4, .left = size - i - 4};
        if (named && aml_package_parse(rest, ret_type_a, ret_type_b)) {
            return true;
        }
    }
    return false;
}

/* --- the FADT ------------------------------------------------------------------------------ */

/* A port from a generic address (section 5.2.3.2) in I/O space, or 0. */
static uint16_t generic_port(const struct table *fadt, uint32_t offset)
{
    uint64_t address = number_at(fadt, offset + 4, 8);
    bool is_io = number_at(fadt, offset, 1) == ADDRESS_SPACE_IO;
    return is_io && address <= UINT16_MAX ? (uint16_t)address : 0;
}

static uint16_t control_port(const struct table *fadt, uint32_t extended, uint32_t legacy)
{
    uint16_t port = generic_port(fadt, extended);
    if (port == 0) {
        uint64_t address = number_at(fadt, legacy, 4);
        port = address <= UINT16_MAX ? (uint16_t)address : 0;
    }
    return port;
}

static void off_read(const struct acpi_reader *reader, const struct table *fadt,
                     struct acpi_power *power)
{
    uint64_t smi_command = number_at(fadt, FADT_SMI_COMMAND, 4);
    power->smi_command_port = smi_command <= UINT16_MAX ? (uint16_t)smi_command : 0;
    power->acpi_enable = (uint8_t)number_at(fadt, FADT_ACPI_ENABLE, 1);
    power->pm1a_control_port = control_port(fadt, FADT_X_PM1A, FADT_PM1A_CONTROL);
    power->pm1b_control_port = control_port(fadt, FADT_X_PM1B, FADT_PM1B_CONTROL);

    struct table dsdt;
    power->off_known =
        power->pm1a_control_port != 0 &&
        (table_open(reader, number_at(fadt, FADT_X_DSDT, 8), "DSDT", &dsdt) ||
         table_open(reader, number_at(fadt, FADT_DSDT, 4), "DSDT", &dsdt)) &&
        acpi_sleep_types_find(dsdt.bytes + TABLE_HEADER_SIZE, dsdt.size - TABLE_HEADER_SIZE,
                              &power->sleep_type_a, &power->sleep_type_b);
}

static void reset_read(const struct table *fadt, struct acpi_power *power)
{
    power->reset_port = generic_port(fadt, FADT_RESET);
    power->reset_value = (uint8_t)number_at(fadt, FADT_RESET_VALUE, 1);
    power->reset_known =
        (number_at(fadt, FADT_FLAGS, 4) & FADT_FLAG_RESET) != 0 && power->reset_port != 0;
}

int acpi_power_find(const struct acpi_reader *reader, const void *rsdp, size_t rsdp_bytes,
                    struct acpi_power *ret_power, const char **ret_reason)
{
    const struct table root = {
        .bytes = rsdp, .size = rsdp_bytes < RSDP_SIZE_V2 ? (uint32_t)rsdp_bytes : RSDP_SIZE_V2};
    struct table fadt;
    const char *fault = fadt_find(reader, &root, &fadt);
    if (fault != NULL) {
        *ret_reason = fault;
        return -ENODEV;
    }
    struct acpi_power power = {0};
    off_read(reader, &fadt, &power);
    reset_read(&fadt, &power);
    *ret_power = power;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* The tables that the kernel reads: the way to the MADT in any memory, and any MADT at the end of a
 * right way. */
#include "fuzz/input.h"

#include "arch/x86_64/acpi.h"
#include "unit/arch/memory.h"

#define RSDP 0x100u
#define XSDT 0x200u
#define MADT 0x300u

#define HEADER_SIZE 36u

static void check_madt(const struct madt *madt)
{
    MUST(madt->io_apic_count <= MADT_IO_APIC_MAX);
}

/* A table with a right checksum; returns its size. */
static size_t table_put(uint64_t address, const char *signature, const void *body, size_t size)
{
    const uint32_t length = (uint32_t)(HEADER_SIZE + size);

    memory_put(address, signature, 4);
    memory_put(address + 4, &length, sizeof(length));
    memory_put(address + HEADER_SIZE, body, size);
    checksum_fix(x_memory + address, length, 9);
    return length;
}

static void way_put(void)
{
    const uint64_t xsdt = XSDT, madt = MADT;

    memory_put(RSDP, "RSD PTR ", 8);
    x_memory[RSDP + 15] = 2;
    memory_put(RSDP + 24, &xsdt, sizeof(xsdt));
    checksum_fix(x_memory + RSDP, 20, 8);
    checksum_fix(x_memory + RSDP, 36, 32);
    table_put(XSDT, "XSDT", &madt, sizeof(madt));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned how = (unsigned)input_take(&input, 1);
    struct madt madt;

    memset(x_memory, 0, sizeof(x_memory));
    if (how % 4 == 0) {
        size_t room = MEMORY_SIZE - RSDP;

        memory_put(RSDP, input.bytes, input.left < room ? input.left : room);
        memory_put(RSDP, "RSD PTR ", 8);
        checksum_fix(x_memory + RSDP, 20, 8);
        checksum_fix(x_memory + RSDP, 36, 32);
        (void)acpi_rsdp_scan(memory_read);
    } else {
        size_t room = MEMORY_SIZE - MADT - HEADER_SIZE;
        size_t length;
        void *copy;

        way_put();
        length = table_put(MADT, "APIC", input.bytes, input.left < room ? input.left : room);
        copy = malloc(length);
        MUST(copy != NULL);
        memcpy(copy, x_memory + MADT, length);
        if (madt_parse(copy, length, &madt) == NULL) {
            check_madt(&madt);
        }
        free(copy);
    }
    if (acpi_read_madt(paddr_of(RSDP), memory_read, &madt) == NULL) {
        check_madt(&madt);
    }
    return 0;
}

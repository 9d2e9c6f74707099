/* SPDX-License-Identifier: MIT */
/* The tables that init reads to switch the machine off, in any memory, and any AML. */
#include "fuzz/input.h"

#include "servers/power/acpi_power.h"

#define RSDP_SIZE   36u
#define HEADER_SIZE 36u
#define ROOT        0x40u
#define FADT        0x100u
#define DSDT        0x200u
#define PIECES_MAX  64u
#define MEMORY_SIZE 0x1000u

struct memory {
    uint8_t bytes[MEMORY_SIZE];
    void *pieces[PIECES_MAX]; /* copies that end where their allocation ends */
    unsigned count;
};

static const void *map(void *context, uint64_t address, size_t size)
{
    struct memory *memory = context;
    void *piece;

    if (memory->count == PIECES_MAX || address > MEMORY_SIZE || size > MEMORY_SIZE - address) {
        return NULL;
    }
    piece = malloc(size != 0 ? size : 1);
    MUST(piece != NULL);
    memcpy(piece, memory->bytes + address, size);
    memory->pieces[memory->count++] = piece;
    return piece;
}

/* A table with a right checksum and up to `room` bytes of the input. */
static void table_put(struct memory *memory, uint32_t at, const char *signature, size_t room,
                      struct input *input)
{
    const uint32_t body = (uint32_t)(input->left < room ? input->left : room);
    const uint32_t length = HEADER_SIZE + body;

    memcpy(memory->bytes + at, signature, 4);
    memcpy(memory->bytes + at + 4, &length, sizeof(length));
    memcpy(memory->bytes + at + HEADER_SIZE, input->bytes, body);
    input->bytes += body;
    input->left -= body;
}

static void number_put(struct memory *memory, uint32_t at, uint64_t value, size_t size)
{
    memcpy(memory->bytes + at, &value, size);
}

/* The way to the tables is right, or spoiled in one place before the checksums are made. */
static void tables_put(struct memory *memory, uint8_t rsdp[RSDP_SIZE], struct input *input)
{
    const uint32_t tables[] = {ROOT, FADT, DSDT};
    const uint64_t root = ROOT;
    unsigned how = (unsigned)input_take(input, 1);
    uint64_t where = input_take(input, 2) % MEMORY_SIZE, what = input_take(input, 1);

    memset(rsdp, 0, RSDP_SIZE);
    memcpy(rsdp, "RSD PTR ", 8);
    rsdp[15] = how & 1 ? 2 : 0;
    memcpy(rsdp + 16, &root, 4);
    memcpy(rsdp + 24, &root, 8);
    checksum_fix(rsdp, 20, 8);
    checksum_fix(rsdp, RSDP_SIZE, 32);
    table_put(memory, ROOT, how & 1 ? "XSDT" : "RSDT", 24, input);
    number_put(memory, ROOT + HEADER_SIZE, FADT, how & 1 ? 8 : 4);
    table_put(memory, FADT, "FACP", how & 2 ? 244 - HEADER_SIZE : 32, input);
    number_put(memory, FADT + 40, DSDT, 4);
    table_put(memory, DSDT, "DSDT", MEMORY_SIZE - DSDT - HEADER_SIZE, input);
    if (how & 4) {
        memory->bytes[where] = (uint8_t)what;
    }
    for (unsigned i = 0; i < 3; i++) {
        uint32_t length;

        memcpy(&length, memory->bytes + tables[i] + 4, sizeof(length));
        if (length >= HEADER_SIZE && length <= MEMORY_SIZE - tables[i]) {
            checksum_fix(memory->bytes + tables[i], length, 9);
        }
    }
}

static void try_tables(struct input *input)
{
    static struct memory memory;
    const struct acpi_reader reader = {.map = map, .context = &memory};
    struct acpi_power power;
    const char *reason = NULL;
    uint8_t rsdp[RSDP_SIZE];

    memset(&memory, 0, sizeof(memory));
    tables_put(&memory, rsdp, input);
    if (acpi_power_find(&reader, rsdp, RSDP_SIZE, &power, &reason) == 0 && power.off_known) {
        MUST(power.sleep_type_a < 8 && power.sleep_type_b < 8);
    }
    for (unsigned i = 0; i < memory.count; i++) {
        free(memory.pieces[i]);
    }
}

static void try_aml(const struct input *input)
{
    uint8_t *aml = input_copy(input, input->left);
    uint8_t a = 0, b = 0;

    if (acpi_sleep_types_find(aml, input->left, &a, &b)) {
        MUST(a < 8 && b < 8);
    }
    free(aml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};

    if (input_take(&input, 1) & 1) {
        try_tables(&input);
    } else {
        try_aml(&input);
    }
    return 0;
}

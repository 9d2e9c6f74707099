/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/pvh.h"
#include "arch/x86_64/memory_map.h"
#include "lib/checked.h"
#include "lib/string.h"

#define START_INFO_MAGIC 0x336ec578u

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp;
    /* version 1 */
    uint64_t memory_map;
    uint32_t memory_map_count, reserved;
};

struct module {
    uint64_t start, size, command_line, reserved;
};

#define ENTRIES_MAX 256

static const char *parse_memory_map(const struct start_info *start, physical_reader_fn *read,
                                    struct boot_info *info)
{
    const size_t size = sizeof(struct e820_entry);
    const void *entries;

    if (start->memory_map_count > ENTRIES_MAX) {
        return "pvh: too many memory ranges";
    }
    entries = read(paddr_of(start->memory_map), start->memory_map_count * size);
    if (start->memory_map_count == 0 || entries == NULL) {
        return "pvh: no memory map";
    }
    return memory_map_add_e820(info, entries, size, start->memory_map_count)
               ? NULL
               : "pvh: too many memory ranges";
}

/* The length is not told, so the line is read byte by byte. */
static void parse_command_line(uint64_t address, physical_reader_fn *read, struct boot_info *info)
{
    for (size_t i = 0; address != 0 && i < sizeof(info->command_line) - 1; i++) {
        const char *c = range_is_valid(address, i + 1) ? read(paddr_of(address + i), 1) : NULL;
        if (c == NULL || *c == 0) {
            break;
        }
        info->command_line[i] = *c;
    }
}

static const char *parse_module(const struct start_info *start, physical_reader_fn *read,
                                struct boot_info *info)
{
    const void *data = read(paddr_of(start->modules), sizeof(struct module));
    struct module module;

    if (start->module_count == 0) {
        return NULL;
    }
    if (data == NULL) {
        return "pvh: module list out of reach";
    }
    memcpy(&module, data, sizeof(module));
    if (!range_is_valid(module.start, module.size) || !is_aligned(module.start, PAGE_SIZE)) {
        return "pvh: bad module address";
    }
    info->archive = paddr_of(module.start);
    info->archive_size_bytes = module.size;
    return NULL;
}

const char *pvh_parse(struct paddr start_info, physical_reader_fn *read, struct boot_info *info)
{
    const void *data = read(start_info, sizeof(struct start_info));
    struct start_info start;
    const char *error;

    if (data == NULL) {
        return "pvh: start info out of reach";
    }
    memcpy(&start, data, sizeof(start));
    if (start.magic != START_INFO_MAGIC) {
        return "not started by a multiboot2 or PVH loader";
    }
    if (start.version < 1) {
        return "pvh: start info has no memory map";
    }
    memcpy(info->loader, "PVH", 4);
    info->acpi_rsdp = paddr_of(start.rsdp);
    parse_command_line(start.command_line, read, info);
    error = parse_memory_map(&start, read, info);
    return error != NULL ? error : parse_module(&start, read, info);
}

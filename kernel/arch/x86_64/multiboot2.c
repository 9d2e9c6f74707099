/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/multiboot2.h"
#include "arch/x86_64/memory_map.h"
#include "lib/checked.h"
#include "lib/string.h"

enum multiboot2_tag {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_LOADER = 2,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
};

struct tag {
    uint32_t type;
    uint32_t size; /* header included, padding not */
};

struct tag_module {
    struct tag tag;
    uint32_t start, end;
};

struct tag_memory_map {
    struct tag tag;
    uint32_t entry_size, entry_version;
};

struct tag_framebuffer {
    struct tag tag;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bpp, type, reserved[2];
};

#define FRAMEBUFFER_DIRECT 1 /* red, green and blue in each pixel */

#define INFORMATION_MIN 16
#define INFORMATION_MAX 0x100000 /* more is nonsense */

/* A string that fills the rest of a tag; cut if it is too long, ended where the tag ends. */
static void tag_string(char *to, size_t to_size, const uint8_t *tag, size_t from, size_t tag_size)
{
    const char *text = (const char *)tag + from;
    size_t length = strnlen(text, tag_size - from);

    length = length < to_size ? length : to_size - 1;
    memcpy(to, text, length);
    to[length] = 0;
}

static const char *parse_memory_map(const uint8_t *tag, size_t size, struct boot_info *info)
{
    struct tag_memory_map map;

    if (size < sizeof(map)) {
        return "multiboot2: memory map tag too short";
    }
    memcpy(&map, tag, sizeof(map));
    if (map.entry_size < sizeof(struct e820_entry)) {
        return "multiboot2: memory map entries too short";
    }
    return memory_map_add_e820(info, tag + sizeof(map), map.entry_size,
                               (size - sizeof(map)) / map.entry_size)
               ? NULL
               : "multiboot2: too many memory ranges";
}

/* The first module is the boot archive. */
static const char *parse_module(const uint8_t *tag, size_t size, struct boot_info *info)
{
    struct tag_module module;

    if (size < sizeof(module)) {
        return "multiboot2: module tag too short";
    }
    memcpy(&module, tag, sizeof(module));
    if (module.end < module.start || !is_aligned(module.start, PAGE_SIZE)) {
        return "multiboot2: bad module address";
    }
    if (info->archive_size_bytes == 0) {
        info->archive = paddr_of(module.start);
        info->archive_size_bytes = module.end - module.start;
    }
    return NULL;
}

static void parse_framebuffer(const uint8_t *tag, size_t size, struct boot_info *info)
{
    struct tag_framebuffer framebuffer;

    if (size < sizeof(framebuffer)) {
        return;
    }
    memcpy(&framebuffer, tag, sizeof(framebuffer));
    if (framebuffer.type != FRAMEBUFFER_DIRECT) {
        return;
    }
    info->framebuffer = paddr_of(framebuffer.address);
    info->framebuffer_width = framebuffer.width;
    info->framebuffer_height = framebuffer.height;
    info->framebuffer_pitch = framebuffer.pitch;
    info->framebuffer_bpp = framebuffer.bpp;
}

/* `address` is the tag's own: of an ACPI root pointer the loader put a copy in it, and the newer
 * form wins. */
static const char *parse_tag(uint32_t type, const uint8_t *tag, size_t size, struct paddr address,
                             struct boot_info *info)
{
    switch (type) {
    case TAG_COMMAND_LINE:
        tag_string(info->command_line, sizeof(info->command_line), tag, sizeof(struct tag), size);
        return NULL;
    case TAG_LOADER:
        tag_string(info->loader, sizeof(info->loader), tag, sizeof(struct tag), size);
        return NULL;
    case TAG_MODULE:
        return parse_module(tag, size, info);
    case TAG_MEMORY_MAP:
        return parse_memory_map(tag, size, info);
    case TAG_FRAMEBUFFER:
        parse_framebuffer(tag, size, info);
        return NULL;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW:
        if (type == TAG_ACPI_NEW || info->acpi_rsdp.value == 0) {
            info->acpi_rsdp = paddr_add(address, sizeof(struct tag));
        }
        return NULL;
    default:
        return NULL;
    }
}

const char *multiboot2_parse(struct paddr address, physical_reader_fn *read, struct boot_info *info)
{
    const uint8_t *bytes = read(address, INFORMATION_MIN);
    uint32_t size = 0;
    struct tag tag;

    if (bytes != NULL) {
        memcpy(&size, bytes, sizeof(size));
    }
    bytes = size >= INFORMATION_MIN && size <= INFORMATION_MAX ? read(address, size) : NULL;
    if (bytes == NULL) {
        return "multiboot2: bad size";
    }
    for (size_t at = 8; size - at >= sizeof(tag);) {
        memcpy(&tag, bytes + at, sizeof(tag));
        if (tag.size < sizeof(tag) || tag.size > size - at) {
            return "multiboot2: a tag passes the end";
        }
        if (tag.type == TAG_END) {
            return info->range_count != 0 ? NULL : "multiboot2: no memory map";
        }
        const char *error = parse_tag(tag.type, bytes + at, tag.size, paddr_add(address, at), info);
        if (error != NULL) {
            return error;
        }
        at += tag.size;
        if (size - at < (-at & 7)) {
            break;
        }
        at += -at & 7;
    }
    return "multiboot2: no end tag";
}

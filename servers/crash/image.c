/* SPDX-License-Identifier: MIT */
#include "image.h"
#include <quay/elf_format.h>
#include <quay/text.h>
#include <quay/abi/memory.h>

#define SEGMENTS_LOOKED_AT 16
#define NOTES_BYTES_MAX    512

#define NOTE_BUILD_ID 3u

struct note {
    uint32_t name_bytes, bytes, type;
};

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static bool build_id_find(const uint8_t *notes, size_t size_bytes, uint8_t *ret_build_id)
{
    for (size_t at = 0; at + sizeof(struct note) + 4 <= size_bytes;) {
        struct note note;
        memcpy(&note, notes + at, sizeof note);
        const uint8_t *name = notes + at + sizeof note;
        if (note.name_bytes > NOTES_BYTES_MAX || note.bytes > NOTES_BYTES_MAX) {
            return false;
        }
        size_t start = at + sizeof note + ((note.name_bytes + 3) & ~3u);
        size_t end = start + ((note.bytes + 3) & ~3u);
        if (end > size_bytes) {
            return false;
        }
        if (note.type == NOTE_BUILD_ID && note.name_bytes == 4 && memcmp(name, "GNU", 4) == 0 &&
            note.bytes == BUILD_ID_BYTES) {
            memcpy(ret_build_id, notes + start, BUILD_ID_BYTES);
            return true;
        }
        at = end;
    }
    return false;
}

struct segments {
    struct elf_segment all[SEGMENTS_LOOKED_AT];
    uint32_t count;
};

static bool segments_read(struct segments *segments, uint64_t address, memory_read_fn *read,
                          void *context)
{
    struct elf_header header;
    if (!read(context, address, &header, sizeof header) || header.magic != ELF_MAGIC ||
        header.class != ELF_CLASS_64 || header.machine != ELF_MACHINE_X86_64 ||
        (header.type != ELF_TYPE_EXEC && header.type != ELF_TYPE_DYN) ||
        header.segment_entry_size != sizeof segments->all[0] ||
        header.segments_offset > PAGE_SIZE) {
        return false;
    }
    segments->count =
        header.segment_count < SEGMENTS_LOOKED_AT ? header.segment_count : SEGMENTS_LOOKED_AT;
    return segments->count > 0 && read(context, address + header.segments_offset, segments->all,
                                       segments->count * sizeof segments->all[0]);
}

/* The lowest and the highest address that is loaded. */
static bool segments_span(const struct segments *segments, uint64_t *ret_low, uint64_t *ret_high)
{
    *ret_low = UINT64_MAX;
    *ret_high = 0;
    for (uint32_t i = 0; i < segments->count; i++) {
        const struct elf_segment *segment = &segments->all[i];
        if (segment->type != ELF_SEGMENT_LOAD || segment->memory_size == 0) {
            continue;
        }
        if (segment->address >= USER_LIMIT || segment->memory_size > USER_LIMIT) {
            return false;
        }
        uint64_t low = segment->address & ~(PAGE_SIZE - 1);
        uint64_t high = page_up(segment->address + segment->memory_size);
        *ret_low = low < *ret_low ? low : *ret_low;
        *ret_high = high > *ret_high ? high : *ret_high;
    }
    return *ret_high != 0;
}

bool image_look(struct image *image, uint64_t address, const struct symbols *symbols,
                memory_read_fn *read, void *context)
{
    struct segments segments;
    uint64_t low, high;
    *image = (struct image){0};
    if (!segments_read(&segments, address, read, context) ||
        !segments_span(&segments, &low, &high) || high - low > USER_LIMIT - address) {
        return false;
    }
    image->base = address;
    image->bias = address - low;
    image->end = address + (high - low);
    for (uint32_t i = 0; i < segments.count && !image->has_build_id; i++) {
        const struct elf_segment *segment = &segments.all[i];
        uint8_t notes[NOTES_BYTES_MAX];
        size_t size = segment->memory_size < sizeof notes ? segment->memory_size : sizeof notes;
        image->has_build_id = segment->type == ELF_SEGMENT_NOTE &&
                              read(context, segment->address + image->bias, notes, size) &&
                              build_id_find(notes, size, image->build_id);
    }
    image->program = image->has_build_id ? symbols_find(symbols, image->build_id) : NULL;
    return true;
}

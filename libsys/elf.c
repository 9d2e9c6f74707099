/* SPDX-License-Identifier: MIT */
#include <quay/elf.h>
#include <quay/elf_format.h>
#include <quay/text.h>

#define SEGMENT_HEADERS_MAX 64

static uint64_t page_down(uint64_t address)
{
    return address & ~(PAGE_SIZE - 1);
}

static const char *header_fault(const struct elf_header *header, size_t size_bytes)
{
    if (header->magic != ELF_MAGIC || header->class != ELF_CLASS_64 ||
        header->data != ELF_LITTLE_ENDIAN || header->ident_version != ELF_VERSION ||
        header->version != ELF_VERSION) {
        return "not a 64-bit ELF file";
    }
    if (header->machine != ELF_MACHINE_X86_64) {
        return "for another machine";
    }
    if (header->type != ELF_TYPE_EXEC) {
        return "not a static program at a fixed address";
    }
    if (header->segment_entry_size != sizeof(struct elf_segment) || header->segment_count == 0 ||
        header->segment_count > SEGMENT_HEADERS_MAX) {
        return "its program headers are not sound";
    }
    uint64_t table_bytes = (uint64_t)header->segment_count * sizeof(struct elf_segment);
    if (header->segments_offset > size_bytes ||
        table_bytes > size_bytes - header->segments_offset) {
        return "its program headers lie outside";
    }
    return NULL;
}

/* Checks one segment to load by itself, against the file and user space. */
static const char *segment_fault(const struct elf_segment *segment, size_t size_bytes)
{
    if (segment->file_size > segment->memory_size) {
        return "a segment is larger in the file than in memory";
    }
    if (segment->offset > size_bytes || segment->file_size > size_bytes - segment->offset) {
        return "a segment lies outside the file";
    }
    if (segment->address < USER_BASE || segment->address >= USER_LIMIT ||
        segment->memory_size > QY_ELF_IMAGE_MAX ||
        segment->memory_size > USER_LIMIT - segment->address) {
        return "a segment lies outside user space";
    }
    if (segment->offset % PAGE_SIZE != segment->address % PAGE_SIZE) {
        return "a segment is not aligned";
    }
    if ((segment->flags & ~(ELF_FLAG_READ | ELF_FLAG_WRITE | ELF_FLAG_EXEC)) != 0 ||
        (segment->flags & ELF_FLAG_READ) == 0) {
        return "a segment cannot be read";
    }
    if ((segment->flags & ELF_FLAG_WRITE) != 0 && (segment->flags & ELF_FLAG_EXEC) != 0) {
        return "a segment is writable and executable";
    }
    return NULL;
}

static uint32_t map_flags(uint32_t elf_flags)
{
    uint32_t flags = MAP_READ;
    flags |= (elf_flags & ELF_FLAG_WRITE) != 0 ? MAP_WRITE : 0;
    flags |= (elf_flags & ELF_FLAG_EXEC) != 0 ? MAP_EXEC : 0;
    return flags;
}

/* Adds a checked segment: it has to come after the ones before, on other pages. */
static const char *segment_add(struct qy_elf *elf, const struct elf_segment *segment)
{
    if (elf->segment_count == QY_ELF_SEGMENTS_MAX) {
        return "too many segments";
    }
    if (elf->segment_count > 0) {
        const struct qy_elf_segment *last = &elf->segments[elf->segment_count - 1];
        if (page_down(segment->address) < last->address + last->size_bytes) {
            return "segments overlap or are not in order";
        }
    }
    elf->segments[elf->segment_count++] = (struct qy_elf_segment){
        .address = segment->address,
        .size_bytes = segment->memory_size,
        .file_offset = segment->offset,
        .file_bytes = segment->file_size,
        .map_flags = map_flags(segment->flags),
    };
    return NULL;
}

static const char *header_add(struct qy_elf *elf, const struct elf_segment *segment,
                              size_t size_bytes)
{
    switch (segment->type) {
    case ELF_SEGMENT_LOAD:
        if (segment->memory_size == 0) {
            return NULL;
        }
        const char *fault = segment_fault(segment, size_bytes);
        return fault != NULL ? fault : segment_add(elf, segment);
    case ELF_SEGMENT_DYNAMIC:
    case ELF_SEGMENT_INTERP:
    case ELF_SEGMENT_TLS:
        return "it needs a dynamic linker or thread-local storage";
    case ELF_SEGMENT_GNU_STACK:
        return (segment->flags & ELF_FLAG_EXEC) != 0 ? "it wants an executable stack" : NULL;
    default: /* notes and the like load nothing */
        return NULL;
    }
}

static const char *image_fault(const struct qy_elf *elf)
{
    uint64_t total = 0;
    bool entry_found = false;
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct qy_elf_segment *segment = &elf->segments[i];
        total += segment->size_bytes;
        entry_found |= (segment->map_flags & MAP_EXEC) != 0 && elf->entry >= segment->address &&
                       elf->entry - segment->address < segment->size_bytes;
    }
    if (!entry_found) {
        return "the entry point is not in its code";
    }
    return total > QY_ELF_IMAGE_MAX ? "too large" : NULL;
}

static const char *elf_fault(const uint8_t *file, size_t size_bytes, struct qy_elf *elf)
{
    struct elf_header header;
    if (size_bytes < sizeof header) {
        return "shorter than an ELF header";
    }
    memcpy(&header, file, sizeof header);
    const char *fault = header_fault(&header, size_bytes);
    if (fault != NULL) {
        return fault;
    }
    *elf = (struct qy_elf){.entry = header.entry};
    for (uint32_t i = 0; i < header.segment_count; i++) {
        struct elf_segment segment;
        memcpy(&segment, file + header.segments_offset + i * sizeof segment, sizeof segment);
        fault = header_add(elf, &segment, size_bytes);
        if (fault != NULL) {
            return fault;
        }
    }
    return image_fault(elf);
}

int qy_elf_parse(const void *file, size_t size_bytes, struct qy_elf *ret_elf,
                 const char **ret_reason)
{
    struct qy_elf elf;
    const char *fault = elf_fault(file, size_bytes, &elf);
    if (fault != NULL) {
        if (ret_reason != NULL) {
            *ret_reason = fault;
        }
        return -ENOEXEC;
    }
    *ret_elf = elf;
    return 0;
}

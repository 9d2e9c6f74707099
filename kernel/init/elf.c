/* SPDX-License-Identifier: MIT */
/* ELF-64 object file format: System V ABI, "Object Files" and "Program Loading"; x86-64 psABI. */
#include "init/elf.h"

#include <quay/abi/memory.h>
#include "lib/checked.h"
#include "lib/string.h"

#define ELF_MAGIC           0x464c457fu
#define ELF_CLASS_64        2
#define ELF_DATA_LITTLE     1
#define ELF_TYPE_EXEC       2
#define ELF_MACHINE_X86_64  62
#define ELF_SEGMENT_LOAD    1
#define ELF_SEGMENT_DYNAMIC 2
#define ELF_SEGMENT_INTERP  3
#define ELF_EXEC            1u
#define ELF_WRITE           2u

struct elf_header {
    uint32_t magic;
    uint8_t class, data, version, abi, pad[8];
    uint16_t type, machine;
    uint32_t version2;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_size, program_size, program_count, section_size, section_count, section_names;
};

struct elf_program {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF header");
_Static_assert(sizeof(struct elf_program) == 56, "ELF program header");

static const char *header_check(const struct elf_header *header, size_t size)
{
    if (header->magic != ELF_MAGIC || header->class != ELF_CLASS_64 ||
        header->data != ELF_DATA_LITTLE || header->machine != ELF_MACHINE_X86_64) {
        return "not an x86-64 ELF file";
    }
    if (header->type != ELF_TYPE_EXEC) {
        return "not a static program";
    }
    if (header->program_size != sizeof(struct elf_program) || header->program_offset > size ||
        header->program_count > (size - header->program_offset) / sizeof(struct elf_program)) {
        return "damaged program headers";
    }
    return NULL;
}

static const char *segment_parse(const struct elf_program *program, size_t size,
                                 struct elf_segment *ret_segment)
{
    uint64_t start = program->address & ~(PAGE_SIZE - 1);
    uint64_t end, file_end, mapped_end;

    if (!checked_add_u64(program->address, program->memory_size, &end) ||
        !align_up_u64(end, PAGE_SIZE, &mapped_end) || start < USER_BASE ||
        mapped_end > USER_LIMIT) {
        return "a segment outside user space";
    }
    if (program->file_size > program->memory_size ||
        !checked_add_u64(program->offset, program->file_size, &file_end) || file_end > size) {
        return "a segment outside the file";
    }
    if ((program->flags & ELF_WRITE) && (program->flags & ELF_EXEC)) {
        return "a segment that is writable and executable";
    }
    *ret_segment = (struct elf_segment){
        .address = start,
        .size_bytes = mapped_end - start,
        .data_offset = program->address - start,
        .file_offset = program->offset,
        .file_size = program->file_size,
        .flags = MAP_READ | (program->flags & ELF_WRITE ? MAP_WRITE : 0) |
                 (program->flags & ELF_EXEC ? MAP_EXEC : 0),
    };
    return NULL;
}

/* Segments must come in the order of their addresses, each on pages of its own. */
static const char *segment_add(struct elf_image *image, const struct elf_segment *segment)
{
    const struct elf_segment *end = &image->segments[image->segment_count];

    if (image->segment_count == ELF_SEGMENTS_MAX) {
        return "too many segments";
    }
    if (image->segment_count > 0 && segment->address < end[-1].address + end[-1].size_bytes) {
        return "segments that overlap";
    }
    image->segments[image->segment_count++] = *segment;
    return NULL;
}

const char *elf_parse(const void *data, size_t size, struct elf_image *ret_image)
{
    struct elf_image image = {0};
    struct elf_header header;
    bool has_entry = false;
    const char *error;

    if (size < sizeof(header)) {
        return "too short";
    }
    memcpy(&header, data, sizeof(header));
    error = header_check(&header, size);
    for (uint16_t i = 0; error == NULL && i < header.program_count; i++) {
        struct elf_program program;
        struct elf_segment segment;

        memcpy(&program, (const char *)data + header.program_offset + i * sizeof(program),
               sizeof(program));
        if (program.type == ELF_SEGMENT_DYNAMIC || program.type == ELF_SEGMENT_INTERP) {
            return "not a static program";
        }
        if (program.type != ELF_SEGMENT_LOAD) {
            continue;
        }
        error = segment_parse(&program, size, &segment);
        if (error == NULL && segment.size_bytes != 0) {
            error = segment_add(&image, &segment);
            has_entry |= (segment.flags & MAP_EXEC) &&
                         range_has(segment.address, segment.size_bytes, header.entry);
        }
    }
    if (error == NULL && !has_entry) {
        error = "an entry point outside its code";
    }
    image.entry = header.entry;
    *ret_image = image;
    return error;
}

/* SPDX-License-Identifier: MIT */
#include "program.h"
#include <quay/abi/memory.h>
#include <quay/elf_format.h>
#include <quay/text.h>
#include "guest.h"
#include "linux.h"

#define ELF_SEGMENT_PHDR 6u
#define IMAGE_MAX        (1ul << 40)

/* The note that libsys puts into every native program: name "Quay", type 1. */
#define NOTE_NAME "Quay"

struct note {
    uint32_t name_size, description_size, type;
    char name[8];
};

static uint64_t page_down(uint64_t address)
{
    return address & ~(PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t address)
{
    return page_down(address + PAGE_SIZE - 1);
}

static bool header_ok(const struct elf_header *header, size_t head_size)
{
    return header->magic == ELF_MAGIC && header->class == ELF_CLASS_64 &&
           header->data == ELF_LITTLE_ENDIAN && header->version == ELF_VERSION &&
           header->machine == ELF_MACHINE_X86_64 &&
           (header->type == ELF_TYPE_EXEC || header->type == ELF_TYPE_DYN) &&
           header->segment_entry_size == sizeof(struct elf_segment) && header->segment_count > 0 &&
           header->segments_offset <= head_size &&
           header->segment_count * sizeof(struct elf_segment) <=
               head_size - header->segments_offset;
}

static bool segment_ok(const struct elf_segment *segment, uint64_t file_size)
{
    return segment->file_size <= segment->memory_size && segment->offset <= file_size &&
           segment->file_size <= file_size - segment->offset && segment->address < GUEST_LIMIT &&
           segment->memory_size <= IMAGE_MAX &&
           segment->memory_size <= GUEST_LIMIT - segment->address &&
           segment->offset % PAGE_SIZE == segment->address % PAGE_SIZE;
}

static bool load_add(struct posix_program *program, const struct elf_segment *segment)
{
    struct posix_segment *added = &program->segments[program->segment_count];

    if (segment->memory_size == 0) {
        return true;
    }
    if (program->segment_count == POSIX_SEGMENTS_MAX) {
        return false;
    }
    if (program->segment_count == 0) {
        program->low = page_down(segment->address);
    } else if (page_down(segment->address) < program->high) {
        return false;
    }
    *added = (struct posix_segment){
        .address = segment->address,
        .memory_size = segment->memory_size,
        .offset = segment->offset,
        .file_size = segment->file_size,
        .protection = (segment->flags & ELF_FLAG_READ ? LINUX_PROT_READ : 0) |
                      (segment->flags & ELF_FLAG_WRITE ? LINUX_PROT_WRITE : 0) |
                      (segment->flags & ELF_FLAG_EXEC ? LINUX_PROT_EXEC : 0),
    };
    program->high = page_up(segment->address + segment->memory_size);
    program->segment_count++;
    return true;
}

static void note_look(struct posix_program *program, const uint8_t *head, size_t head_size,
                      const struct elf_segment *segment)
{
    struct note note;

    if (segment->offset > head_size || segment->file_size < sizeof note ||
        head_size - segment->offset < sizeof note) {
        return;
    }
    memcpy(&note, head + segment->offset, sizeof note);
    program->is_native |= note.name_size == sizeof NOTE_NAME && note.type == 1 &&
                          memcmp(note.name, NOTE_NAME, sizeof NOTE_NAME) == 0;
}

static bool segment_add(struct posix_program *program, const uint8_t *head, size_t head_size,
                        const struct elf_segment *segment, uint64_t file_size)
{
    switch (segment->type) {
    case ELF_SEGMENT_LOAD:
        return segment_ok(segment, file_size) && load_add(program, segment);
    case ELF_SEGMENT_INTERP:
        program->has_interp = true;
        program->interp_offset = segment->offset;
        program->interp_size = segment->file_size;
        return segment->file_size >= 2 && segment->file_size <= POSIX_INTERP_MAX &&
               segment->offset <= file_size && segment->file_size <= file_size - segment->offset;
    case ELF_SEGMENT_NOTE:
        note_look(program, head, head_size, segment);
        return true;
    default:
        return true;
    }
}

/* The entry point has to be code. The program headers are told to the program if they are loaded.
 */
static bool addresses_find(struct posix_program *program, const struct elf_header *header)
{
    const uint64_t headers_size = header->segment_count * sizeof(struct elf_segment);
    bool is_found = false;

    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct posix_segment *segment = &program->segments[i];

        is_found |= (segment->protection & LINUX_PROT_EXEC) != 0 &&
                    program->entry >= segment->address &&
                    program->entry - segment->address < segment->memory_size;
        if (header->segments_offset >= segment->offset &&
            header->segments_offset - segment->offset <= segment->file_size &&
            headers_size <= segment->file_size - (header->segments_offset - segment->offset)) {
            program->headers_address = segment->address + header->segments_offset - segment->offset;
        }
    }
    return is_found;
}

int64_t posix_program_parse(const uint8_t *head, uint64_t file_size,
                            struct posix_program *ret_program)
{
    const size_t head_size = file_size < POSIX_HEAD_BYTES ? file_size : POSIX_HEAD_BYTES;
    struct elf_header header;
    struct posix_program program = {0};

    if (head_size < sizeof header) {
        return -ENOEXEC;
    }
    memcpy(&header, head, sizeof header);
    if (!header_ok(&header, head_size)) {
        return -ENOEXEC;
    }
    program.is_movable = header.type == ELF_TYPE_DYN;
    program.entry = header.entry;
    program.header_count = header.segment_count;
    for (uint32_t i = 0; i < header.segment_count; i++) {
        struct elf_segment segment;

        memcpy(&segment, head + header.segments_offset + i * sizeof segment, sizeof segment);
        if (!segment_add(&program, head, head_size, &segment, file_size)) {
            return -ENOEXEC;
        }
    }
    if (!addresses_find(&program, &header) || program.high - program.low > IMAGE_MAX ||
        (!program.is_movable && program.low < USER_BASE)) {
        return -ENOEXEC;
    }
    *ret_program = program;
    return 0;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

int64_t posix_script_parse(uint8_t *head, size_t head_size, const char **ret_path,
                           const char **ret_argument)
{
    size_t at = 2;
    size_t end = 2;
    size_t start;

    if (head_size < 3 || head[0] != '#' || head[1] != '!') {
        return -ENOEXEC;
    }
    while (end < head_size && head[end] != '\n' && head[end] != 0) {
        end++;
    }
    if (end == head_size) { /* a path that was cut off would be another */
        return -ENOEXEC;
    }
    while (end > at && is_blank(head[end - 1])) {
        end--;
    }
    while (at < end && is_blank(head[at])) {
        at++;
    }
    start = at;
    while (at < end && !is_blank(head[at])) {
        at++;
    }
    if (at == start) {
        return -ENOEXEC;
    }
    head[end] = 0;
    *ret_path = (const char *)head + start;
    *ret_argument = NULL;
    if (at < end) {
        head[at++] = 0;
        while (is_blank(head[at])) {
            at++;
        }
        *ret_argument = (const char *)head + at;
    }
    return 0;
}

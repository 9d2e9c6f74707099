/* SPDX-License-Identifier: MIT */
/* The readers of programs: the kernel's, for init, libsys's, and the POSIX layer's. What they
 * accept can be mapped as it says: whole, apart, in user space, never writable and executable. Most
 * inputs are made to look like programs first, with headers and addresses that come near. */
#include "fuzz/input.h"

#include <quay/abi/memory.h>
#include <quay/elf.h>
#include "init/elf.h"
#include "libsys/posix/program.h"
#define elf_segment program_segment /* the kernel has one of its own */
#include <quay/elf_format.h>
#undef elf_segment

static void check_kernel(const void *file, size_t size)
{
    const uint64_t page = 4096;
    struct elf_image image;
    uint64_t end = USER_BASE;
    bool has_entry = false;

    if (elf_parse(file, size, &image) != NULL) {
        return;
    }
    MUST(image.segment_count > 0 && image.segment_count <= ELF_SEGMENTS_MAX);
    for (uint32_t i = 0; i < image.segment_count; i++) {
        const struct elf_segment *segment = &image.segments[i];

        MUST(segment->address % page == 0 && segment->size_bytes % page == 0);
        MUST(segment->address >= end && segment->size_bytes <= USER_LIMIT - segment->address);
        MUST(segment->data_offset < page);
        MUST(segment->file_size <= segment->size_bytes - segment->data_offset);
        MUST(segment->file_offset <= size && segment->file_size <= size - segment->file_offset);
        MUST(!(segment->flags & MAP_WRITE) || !(segment->flags & MAP_EXEC));
        end = segment->address + segment->size_bytes;
        has_entry |=
            (segment->flags & MAP_EXEC) && image.entry >= segment->address && image.entry < end;
    }
    MUST(has_entry);
}

static void check_libsys(const void *file, size_t size)
{
    struct qy_elf elf;
    const char *reason = NULL;

    if (qy_elf_parse(file, size, &elf, &reason) != 0) {
        MUST(reason != NULL);
        return;
    }
    MUST(elf.segment_count > 0 && elf.segment_count <= QY_ELF_SEGMENTS_MAX);
    for (uint32_t i = 0; i < elf.segment_count; i++) {
        const struct qy_elf_segment *segment = &elf.segments[i];

        MUST(segment->address >= USER_BASE && segment->address < USER_LIMIT);
        MUST(segment->size_bytes <= USER_LIMIT - segment->address);
        MUST(segment->file_bytes <= segment->size_bytes);
        MUST(segment->file_offset <= size && segment->file_bytes <= size - segment->file_offset);
        MUST(!(segment->map_flags & MAP_WRITE) || !(segment->map_flags & MAP_EXEC));
    }
}

static void check_posix(const void *file, size_t size)
{
    const size_t head_size = size < POSIX_HEAD_BYTES ? size : POSIX_HEAD_BYTES;
    struct posix_program program;
    uint64_t end = 0;
    const char *path, *argument;
    uint8_t *head = malloc(head_size + 1);

    MUST(head != NULL);
    memcpy(head, file, head_size);
    if (posix_script_parse(head, head_size, &path, &argument) == 0) {
        MUST(strlen(path) > 0 && (argument == NULL || strlen(argument) > 0));
    }
    free(head);
    if (posix_program_parse(file, size, &program) != 0) {
        return;
    }
    MUST(program.segment_count > 0 && program.segment_count <= POSIX_SEGMENTS_MAX);
    MUST(!program.has_interp || program.interp_offset + program.interp_size <= size);
    for (uint32_t i = 0; i < program.segment_count; i++) {
        const struct posix_segment *segment = &program.segments[i];

        MUST(segment->address >= end && segment->address >= program.low);
        MUST(segment->memory_size <= program.high - segment->address);
        MUST(segment->file_size <= segment->memory_size);
        MUST(segment->offset <= size && segment->file_size <= size - segment->offset);
        MUST(segment->offset % 4096 == segment->address % 4096);
        end = (segment->address + segment->memory_size + 4095) & ~4095ul;
    }
    MUST(program.high == end);
}

#define SEGMENTS 4u

/* A header, and segments behind it whose numbers are small but for the base of their address. */
static uint8_t *program_make(struct input *input, size_t *ret_size)
{
    const size_t headers = sizeof(struct elf_header) + SEGMENTS * sizeof(struct program_segment);
    size_t size = headers + input_take(input, 2);
    uint8_t *file = calloc(1, size);
    struct elf_header header = {
        .magic = ELF_MAGIC,
        .class = ELF_CLASS_64,
        .data = ELF_LITTLE_ENDIAN,
        .ident_version = ELF_VERSION,
        .type = ELF_TYPE_EXEC,
        .machine = ELF_MACHINE_X86_64,
        .version = ELF_VERSION,
        .entry = 0x400000 + input_take(input, 2),
        .segments_offset = sizeof(struct elf_header),
        .header_size = sizeof(struct elf_header),
        .segment_entry_size = sizeof(struct program_segment),
        .segment_count = (uint16_t)(input_take(input, 1) % (SEGMENTS + 1)),
    };
    unsigned spoiled = (unsigned)input_take(input, 1);

    MUST(file != NULL);
    memcpy(file, &header, sizeof(header));
    for (unsigned i = 0; i < SEGMENTS; i++) {
        struct program_segment segment = {
            .type =
                input_take(input, 1) % 8 == 0 ? (uint32_t)input_take(input, 4) : ELF_SEGMENT_LOAD,
            .flags = ELF_FLAG_READ | (uint32_t)input_take(input, 1) % 8,
            .offset = input_take(input, 2),
            .address = 0x400000 + input_take(input, 3),
            .file_size = input_take(input, 2),
            .memory_size = input_take(input, 3),
            .alignment = 4096,
        };

        if (input_take(input, 1) % 2 == 0) { /* as a linker would */
            segment.address = (segment.address & ~0xffful) | (segment.offset & 0xfff);
            segment.memory_size += segment.file_size;
        }
        memcpy(file + sizeof(header) + i * sizeof(segment), &segment, sizeof(segment));
    }
    for (; spoiled % 4 == 0 && input->left > 0; spoiled++) {
        size_t at = input_take(input, 2) % headers;

        file[at] = (uint8_t)input_take(input, 1);
    }
    *ret_size = size;
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    bool is_made = input_take(&input, 1) % 4 != 0;
    size_t file_size = input.left;
    uint8_t *file = is_made ? program_make(&input, &file_size) : input_copy(&input, input.left);

    check_kernel(file, file_size);
    check_libsys(file, file_size);
    check_posix(file, file_size);
    free(file);
    return 0;
}

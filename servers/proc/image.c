/* SPDX-License-Identifier: MIT */
#include "image.h"
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/elf.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/process_page.h>
#include <quay/text.h>

#define LARGE_PAGE (2ul << 20)

/* What can be written is each process's own: its bytes are copied from the archive. */
struct part {
    uint64_t address, size_bytes; /* of whole pages */
    uint32_t map_flags;
    handle_t memory; /* HANDLE_INVALID: each has its own */
    const uint8_t *bytes;
    uint64_t bytes_address, byte_count;
};

static struct {
    struct part parts[QY_ELF_SEGMENTS_MAX];
    uint32_t count;
    uint64_t own_bytes; /* of the parts that each has, without the stack */
    uint64_t entry;
} image_state;

static int file_find(const char *name, const uint8_t **ret_file, size_t *ret_size_bytes)
{
    handle_t memory = qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL);
    size_t size_bytes = qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL);
    void *archive;
    int error = qy_memory_map(memory, 0, (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), MAP_READ,
                              &archive);
    if (error < 0) {
        return error;
    }
    error = qy_archive_check(archive, size_bytes, NULL);
    const struct archive_entry *entry = error == 0 ? qy_archive_find(archive, name) : NULL;
    if (entry == NULL) {
        return error < 0 ? error : -ENOENT;
    }
    *ret_file = (const uint8_t *)archive + entry->offset_bytes;
    *ret_size_bytes = entry->size_bytes;
    return 0;
}

static uint64_t pages_end(const struct qy_elf_segment *segment)
{
    return (segment->address + segment->size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static bool is_own(const struct qy_elf_segment *segment)
{
    return (segment->map_flags & MAP_WRITE) != 0;
}

/* Whether all that is shared is alone in a large page: then that is one part, with one translation
 * in each address space, in the place of a page table and a fault for each page. */
static bool is_large(const struct qy_elf *elf)
{
    uint64_t base = elf->segments[0].address & ~(LARGE_PAGE - 1);
    bool is_alone = elf->segments[0].address == base && !is_own(&elf->segments[0]);
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct qy_elf_segment *segment = &elf->segments[i];
        is_alone &= is_own(segment) ? segment->address >= base + LARGE_PAGE
                                    : pages_end(segment) <= base + LARGE_PAGE;
    }
    return is_alone;
}

static int shared_fill(const struct part *part, const struct qy_elf_segment *segment,
                       const uint8_t *file)
{
    uint64_t base = segment->address & ~(PAGE_SIZE - 1);
    uint64_t size_bytes = pages_end(segment) - base;
    void *view;
    int error =
        qy_memory_map(part->memory, base - part->address, size_bytes, MAP_READ | MAP_WRITE, &view);
    if (error == 0) {
        memcpy((uint8_t *)view + (segment->address - base), file + segment->file_offset,
               segment->file_bytes);
        qy_pages_unmap(view, size_bytes);
    }
    return error;
}

static int shared_load(const struct qy_elf_segment *segment, const uint8_t *file, bool is_large)
{
    struct part *part = &image_state.parts[image_state.count];
    if (is_large && image_state.count > 0) { /* the first one holds it */
        image_state.parts[0].map_flags |= segment->map_flags;
        return shared_fill(&image_state.parts[0], segment, file);
    }
    part->address = segment->address & ~(PAGE_SIZE - 1);
    part->size_bytes = is_large ? LARGE_PAGE : pages_end(segment) - part->address;
    part->map_flags = segment->map_flags;
    int64_t memory = qy_memory_create(qy_self_job(), part->size_bytes, is_large ? MEMORY_LARGE : 0);
    if (memory < 0) {
        return (int)memory;
    }
    part->memory = (handle_t)memory;
    image_state.count++;
    return shared_fill(part, segment, file);
}

static void own_note(const struct qy_elf_segment *segment, const uint8_t *file)
{
    struct part *part = &image_state.parts[image_state.count++];
    part->address = segment->address & ~(PAGE_SIZE - 1);
    part->size_bytes = pages_end(segment) - part->address;
    part->map_flags = segment->map_flags;
    part->bytes = file + segment->file_offset;
    part->bytes_address = segment->address;
    part->byte_count = segment->file_bytes;
    image_state.own_bytes += part->size_bytes;
}

static int parts_load(const struct qy_elf *elf, const uint8_t *file)
{
    bool large = is_large(elf);
    int error = 0;
    for (uint32_t i = 0; error == 0 && i < elf->segment_count; i++) {
        const struct qy_elf_segment *segment = &elf->segments[i];
        if (is_own(segment)) {
            own_note(segment, file);
        } else {
            error = shared_load(segment, file, large);
        }
    }
    return error;
}

void image_load(const char *name)
{
    const uint8_t *file;
    size_t size_bytes;
    struct qy_elf elf;
    const char *reason = NULL;
    int error = file_find(name, &file, &size_bytes);
    if (error == 0) {
        error = qy_elf_parse(file, size_bytes, &elf, &reason);
    }
    if (error == 0) {
        error = parts_load(&elf, file);
    }
    if (error < 0) {
        qy_log("cannot load %s of the boot archive: %s", name,
               reason != NULL ? reason : qy_error_text(error));
        image_state.count = 0;
        return;
    }
    image_state.entry = elf.entry;
}

static int64_t bytes_write(handle_t process, const struct part *part)
{
    int64_t copied = 0;
    for (uint64_t done = 0; copied >= 0 && done < part->byte_count; done += (uint64_t)copied) {
        copied = qy_process_write(process, part->bytes_address + done, part->bytes + done,
                                  part->byte_count - done);
    }
    return copied < 0 ? -ENOMEM : 0;
}

/* At the end of what is each process's own, `own`, comes its stack: one memory costs less than two.
 */
static int64_t parts_map(handle_t process, handle_t aspace, handle_t own)
{
    uint64_t offset = 0;
    int64_t error =
        qy_aspace_map(aspace, own, image_state.own_bytes, PROCESS_STACK - PROCESS_STACK_BYTES,
                      PROCESS_STACK_BYTES, MAP_READ | MAP_WRITE | MAP_FIXED);
    for (uint32_t i = 0; error >= 0 && i < image_state.count; i++) {
        const struct part *part = &image_state.parts[i];
        bool is_shared = part->memory != HANDLE_INVALID;
        error = qy_aspace_map(aspace, is_shared ? part->memory : own, is_shared ? 0 : offset,
                              part->address, part->size_bytes,
                              part->map_flags | MAP_FIXED |
                                  (is_shared ? MAP_FORK_SHARE : MAP_FORK_COPY));
        offset += is_shared ? 0 : part->size_bytes;
        if (error >= 0 && !is_shared) {
            error = bytes_write(process, part);
        }
    }
    return error;
}

int64_t image_map(handle_t process, handle_t aspace, handle_t job)
{
    if (image_state.count == 0) {
        return -ENOENT;
    }
    int64_t own = qy_memory_create(job, image_state.own_bytes + PROCESS_STACK_BYTES, 0);
    if (own < 0) {
        return own;
    }
    int64_t error = parts_map(process, aspace, (handle_t)own);
    (void)qy_handle_close((handle_t)own); /* the mappings keep the pages */
    return error < 0 ? error : 0;
}

uint64_t image_entry(void)
{
    return image_state.entry;
}

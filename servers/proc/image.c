/* SPDX-License-Identifier: MIT */
#include "image.h"
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/elf.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/text.h>

struct part {
    uint64_t address, size_bytes; /* of whole pages */
    uint32_t map_flags;
    handle_t memory;
};

static struct {
    struct part parts[QY_ELF_SEGMENTS_MAX];
    uint32_t count;
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

static int part_load(const struct qy_elf_segment *segment, const uint8_t *file)
{
    struct part *part = &image_state.parts[image_state.count];
    uint64_t base = segment->address & ~(PAGE_SIZE - 1);
    uint64_t end = segment->address + segment->size_bytes;
    part->address = base;
    part->size_bytes = ((end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)) - base;
    part->map_flags = segment->map_flags;
    int64_t memory = qy_memory_create(qy_self_job(), part->size_bytes, 0);
    if (memory < 0) {
        return (int)memory;
    }
    part->memory = (handle_t)memory;
    void *view;
    int error = qy_memory_map(part->memory, 0, part->size_bytes, MAP_READ | MAP_WRITE, &view);
    if (error < 0) {
        return error;
    }
    memcpy((uint8_t *)view + (segment->address - base), file + segment->file_offset,
           segment->file_bytes);
    qy_pages_unmap(view, part->size_bytes);
    image_state.count++;
    return 0;
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
    for (uint32_t i = 0; error == 0 && i < elf.segment_count; i++) {
        error = part_load(&elf.segments[i], file);
    }
    if (error < 0) {
        qy_log("cannot load %s of the boot archive: %s", name,
               reason != NULL ? reason : qy_error_text(error));
        image_state.count = 0;
        return;
    }
    image_state.entry = elf.entry;
}

/* A copy on write where it can be written. */
static int64_t part_map(const struct part *part, handle_t aspace, handle_t job)
{
    bool is_shared = (part->map_flags & MAP_WRITE) == 0;
    int64_t memory = is_shared ? (int64_t)part->memory
                               : qy_memory_snapshot(job, part->memory, 0, part->size_bytes);
    if (memory < 0) {
        return memory;
    }
    uint32_t flags = part->map_flags | MAP_FIXED | (is_shared ? MAP_FORK_SHARE : MAP_FORK_COPY);
    int64_t address =
        qy_aspace_map(aspace, (handle_t)memory, 0, part->address, part->size_bytes, flags);
    if (!is_shared) {
        (void)qy_handle_close((handle_t)memory); /* the mapping keeps the pages */
    }
    return address < 0 ? address : 0;
}

int64_t image_map(handle_t aspace, handle_t job)
{
    int64_t error = image_state.count > 0 ? 0 : -ENOENT;
    for (uint32_t i = 0; error == 0 && i < image_state.count; i++) {
        error = part_map(&image_state.parts[i], aspace, job);
    }
    return error;
}

uint64_t image_entry(void)
{
    return image_state.entry;
}

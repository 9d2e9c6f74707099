/* SPDX-License-Identifier: MIT */
/* The boot archive, as the kernel and as init read it. Header and checksum are made right, mostly,
 * or no input would get beyond them. What is accepted lies inside, and is found by its name. */
#include "fuzz/input.h"

#include <quay/archive.h>
#include "init/archive.h"

#define PAGES_MAX 8u

/* A name in its place, and numbers that are small. */
static void entry_tame(uint8_t *bytes, uint32_t index)
{
    struct archive_entry entry;

    memcpy(&entry, bytes, sizeof(entry));
    entry.name[0] = (char)('a' + index);
    entry.name[ARCHIVE_NAME_MAX - 1] = 0;
    entry.offset_bytes &= 0x7000;
    entry.size_bytes &= 0x3fff;
    entry.reserved = 0;
    memcpy(bytes, &entry, sizeof(entry));
}

static void seal(uint8_t *archive, size_t size, unsigned how)
{
    struct archive_header header;
    size_t table;

    memcpy(&header, archive, sizeof(header));
    if (how & 1) {
        header.magic = ARCHIVE_MAGIC;
        header.size_bytes = size;
        header.entry_count %= 16;
        header.reserved = 0;
    }
    header.crc32 = 0;
    memcpy(archive, &header, sizeof(header));
    table = header.entry_count * sizeof(struct archive_entry);
    if (table <= size - sizeof(header)) {
        for (uint32_t i = 0; (how & 9) == 9 && i < header.entry_count; i++) {
            entry_tame(archive + sizeof(header) + i * sizeof(struct archive_entry), i);
        }
        if (how & 2) {
            header.crc32 = crc32_update(0, archive, sizeof(header) + table);
        }
    }
    memcpy(archive, &header, sizeof(header));
}

static void check_entries(const uint8_t *archive, size_t size)
{
    const struct archive_header *header = (const void *)archive;
    const struct archive_entry *entries = (const void *)(header + 1);

    for (uint32_t i = 0; i < header->entry_count; i++) {
        MUST(memchr(entries[i].name, 0, ARCHIVE_NAME_MAX) != NULL);
        MUST(entries[i].offset_bytes <= size);
        MUST(entries[i].size_bytes <= size - entries[i].offset_bytes);
        MUST(archive_find(archive, entries[i].name) == &entries[i]);
        MUST(qy_archive_find(archive, entries[i].name) == &entries[i]);
    }
    MUST(archive_find(archive, "") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned how = (unsigned)input_take(&input, 1);
    size_t archive_size = 4096 * (1 + input_take(&input, 1) % PAGES_MAX);
    uint8_t *archive;
    const char *error, *reason = NULL;
    int status;

    if (how & 4) {
        archive_size = input.left;
    }
    archive = input_copy(&input, archive_size);
    if (archive_size >= sizeof(struct archive_header)) {
        seal(archive, archive_size, how);
    }
    error = archive_check(archive, archive_size);
    status = qy_archive_check(archive, archive_size, &reason);
    MUST((error == NULL) == (status == 0)); /* two readers, one format */
    if (error == NULL) {
        check_entries(archive, archive_size);
    }
    free(archive);
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "init/archive.h"
#include "lib/checked.h"
#include "lib/string.h"

/* Bit by bit: the table of a whole archive has a few hundred bytes, and it is done once. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

static const struct archive_entry *entries_of(const void *data)
{
    return (const struct archive_entry *)((const struct archive_header *)data + 1);
}

static bool crc_ok(const struct archive_header *header, const void *data)
{
    struct archive_header zeroed = *header;
    uint32_t crc;

    zeroed.crc32 = 0;
    crc = crc32_update(0, &zeroed, sizeof(zeroed));
    crc = crc32_update(crc, entries_of(data), header->entry_count * sizeof(struct archive_entry));
    return crc == header->crc32;
}

static bool entry_ok(const struct archive_header *header, const struct archive_entry *entry,
                     const struct archive_entry *before)
{
    const size_t length = strnlen(entry->name, ARCHIVE_NAME_MAX);
    const uint64_t table_end = sizeof(*header) + header->entry_count * sizeof(struct archive_entry);

    return length != 0 && length < ARCHIVE_NAME_MAX &&
           (before == NULL || strcmp(before->name, entry->name) < 0) &&
           is_aligned(entry->offset_bytes, PAGE_SIZE) && entry->offset_bytes >= table_end &&
           entry->offset_bytes <= header->size_bytes &&
           entry->size_bytes <= header->size_bytes - entry->offset_bytes && entry->reserved == 0;
}

const char *archive_check(const void *data, size_t size)
{
    struct archive_header header;

    if (size < sizeof(header)) {
        return "too short to be one";
    }
    memcpy(&header, data, sizeof(header));
    if (header.magic != ARCHIVE_MAGIC) {
        return "not a Quay boot archive";
    }
    if (header.size_bytes > size) {
        return "truncated";
    }
    if (header.size_bytes < PAGE_SIZE || !is_aligned(header.size_bytes, PAGE_SIZE) ||
        header.reserved != 0 || header.entry_count > ARCHIVE_FILES_MAX ||
        header.entry_count * sizeof(struct archive_entry) > header.size_bytes - sizeof(header)) {
        return "damaged header";
    }
    if (!crc_ok(&header, data)) {
        return "checksum does not match";
    }
    for (uint32_t i = 0; i < header.entry_count; i++) {
        const struct archive_entry *entry = entries_of(data) + i;
        if (!entry_ok(&header, entry, i == 0 ? NULL : entry - 1)) {
            return "damaged table of files";
        }
    }
    return NULL;
}

const struct archive_entry *archive_find(const void *data, const char *name)
{
    const struct archive_header *header = data;

    for (uint32_t i = 0; i < header->entry_count; i++) {
        if (strcmp(entries_of(data)[i].name, name) == 0) {
            return entries_of(data) + i;
        }
    }
    return NULL;
}

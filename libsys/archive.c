/* SPDX-License-Identifier: MIT */
#include <quay/archive.h>
#include <quay/text.h>

static const struct archive_entry *entries_of(const void *archive)
{
    const struct archive_header *header = archive;
    return (const struct archive_entry *)(header + 1);
}

static uint32_t table_crc(const struct archive_header *header)
{
    struct archive_header copy = *header;
    copy.crc32 = 0;
    uint32_t crc = qy_crc32(0, &copy, sizeof copy);
    return qy_crc32(crc, header + 1, header->entry_count * sizeof(struct archive_entry));
}

/* NULL if the header is sound and the table lies inside, else what is wrong. */
static const char *header_fault(const struct archive_header *header, size_t size_bytes)
{
    if (size_bytes < sizeof *header) {
        return "shorter than its header";
    }
    if (header->magic != ARCHIVE_MAGIC) {
        return "not a boot archive";
    }
    if (header->size_bytes > size_bytes || header->size_bytes < sizeof *header ||
        header->size_bytes % PAGE_SIZE != 0) {
        return "truncated, or a wrong size";
    }
    if (header->entry_count > ARCHIVE_FILES_MAX ||
        sizeof *header + header->entry_count * sizeof(struct archive_entry) > header->size_bytes) {
        return "too many files";
    }
    if (header->reserved != 0 || table_crc(header) != header->crc32) {
        return "the checksum of the table is wrong";
    }
    return NULL;
}

static const char *entry_fault(const struct archive_header *header,
                               const struct archive_entry *entry,
                               const struct archive_entry *previous)
{
    if (entry->name[0] == 0 || qy_strnlen(entry->name, sizeof entry->name) == sizeof entry->name) {
        return "a name is empty or too long";
    }
    if (previous != NULL && qy_strcmp(previous->name, entry->name) >= 0) {
        return "the names are not in order";
    }
    uint64_t table_end = sizeof *header + header->entry_count * sizeof *entry;
    if (entry->reserved != 0 || entry->offset_bytes % PAGE_SIZE != 0 ||
        entry->offset_bytes < table_end || entry->offset_bytes > header->size_bytes ||
        entry->size_bytes > header->size_bytes - entry->offset_bytes) {
        return "a file lies outside";
    }
    return NULL;
}

int qy_archive_check(const void *archive, size_t size_bytes, const char **ret_reason)
{
    const struct archive_header *header = archive;
    const char *fault = header_fault(header, size_bytes);
    const struct archive_entry *previous = NULL;
    for (uint32_t i = 0; fault == NULL && i < header->entry_count; i++) {
        const struct archive_entry *entry = &entries_of(archive)[i];
        fault = entry_fault(header, entry, previous);
        previous = entry;
    }
    if (fault != NULL && ret_reason != NULL) {
        *ret_reason = fault;
    }
    return fault == NULL ? 0 : -EINVAL;
}

const struct archive_entry *qy_archive_entry(const void *archive, uint32_t index)
{
    const struct archive_header *header = archive;
    return index < header->entry_count ? &entries_of(archive)[index] : NULL;
}

const struct archive_entry *qy_archive_find(const void *archive, const char *name)
{
    const struct archive_entry *entry;
    for (uint32_t i = 0; (entry = qy_archive_entry(archive, i)) != NULL; i++) {
        if (qy_streq(entry->name, name)) {
            return entry;
        }
    }
    return NULL;
}

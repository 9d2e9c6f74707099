/* SPDX-License-Identifier: MIT */
/* The compiled manifest of a boot archive. Head and checksum are made right, mostly, or no input
 * would get beyond them; the input changes a sound entry here and there. Of what is accepted every
 * count and index lies inside, and every text ends. */
#include <quay/archive.h>
#include <quay/manifest.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES 3
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
    struct qy_manifest_head head;
    struct qy_manifest_entry entries[ENTRIES];
};

static void file_fill(struct file *file)
{
    memset(file, 0, sizeof *file);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct qy_manifest_entry *entry = &file->entries[i];
        entry->name[0] = entry->program[0] = entry->serves[0].name[0] = (char)('a' + i);
        entry->serves_count = 1;
        entry->tokens = 1;
    }
}

/* Each change is three bytes: where, and what. */
static void file_change(struct file *file, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 3 <= size; i += 3) {
        size_t at = (data[i] | (size_t)data[i + 1] << 8) % sizeof file->entries;
        ((uint8_t *)file->entries)[at] = data[i + 2];
    }
}

static void entry_look(const struct qy_manifest *manifest, uint32_t index)
{
    const struct qy_manifest_entry *entry = &manifest->entries[index];
    const char *argument = (const char *)entry->arguments;
    MUST(memchr(entry->name, 0, sizeof entry->name) != NULL);
    MUST(memchr(entry->program, 0, sizeof entry->program) != NULL);
    MUST(qy_manifest_find(manifest, entry->name) == (int)index);
    for (uint32_t i = 0; i < entry->serves_count; i++) {
        MUST(qy_manifest_may_bind(entry, entry->serves[i].name));
    }
    for (uint32_t i = 0; i < entry->needs_count; i++) {
        MUST(qy_manifest_may_connect(entry, entry->needs[i].name));
    }
    for (uint32_t i = 0; i < entry->grants_count; i++) {
        const struct qy_manifest_grant *grant = &entry->grants[i];
        MUST(grant->kind != QY_MANIFEST_GRANT_KIND_VIEW || grant->entry < manifest->count);
    }
    for (uint32_t i = 0; i < entry->argument_count; i++) {
        argument += strlen(argument) + 1;
        MUST(argument <= (const char *)entry->arguments + sizeof entry->arguments);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct file file;
    struct qy_manifest manifest;
    file_fill(&file);
    if (size == 0) {
        return 0;
    }
    uint8_t how = data[0];
    file_change(&file, data + 1, size - 1);
    file.head = (struct qy_manifest_head){.magic = QY_MANIFEST_MAGIC,
                                          .version = QY_MANIFEST_VERSION + (how & 1 ? 0 : how >> 6),
                                          .entry_bytes = sizeof file.entries[0],
                                          .entry_count = how & 2 ? ENTRIES : how};
    file.head.checksum = qy_crc32(0, file.entries, sizeof file.entries) ^ (how & 4 ? 0 : how >> 7);
    size_t readable = how & 8 ? sizeof file : (size_t)how * 32;
    readable = readable < sizeof file ? readable : sizeof file;
    uint8_t *copy = malloc(readable + 1); /* the sanitizer sees what is read beyond */
    memcpy(copy, &file, readable);
    if (qy_manifest_read(copy, readable, &manifest, NULL) == 0) {
        for (uint32_t i = 0; i < manifest.count; i++) {
            entry_look(&manifest, i);
        }
    }
    free(copy);
    return 0;
}

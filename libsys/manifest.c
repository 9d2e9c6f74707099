/* SPDX-License-Identifier: MIT */
#include <quay/archive.h>
#include <quay/manifest.h>
#include <quay/text.h>

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static bool arguments_valid(const struct qy_manifest_entry *entry)
{
    uint32_t ends = 0;
    for (uint32_t i = 0; i < sizeof entry->arguments && ends < entry->argument_count; i++) {
        ends += entry->arguments[i] == 0;
    }
    return ends == entry->argument_count;
}

static bool grant_valid(const struct qy_manifest_grant *grant, uint32_t entry_count)
{
    switch (grant->kind) {
    case QY_MANIFEST_GRANT_KIND_IO:
        return grant->value <= UINT16_MAX && grant->count > 0 &&
               grant->count <= UINT16_MAX + 1 - grant->value;
    case QY_MANIFEST_GRANT_KIND_IRQ:
        return grant->value <= UINT8_MAX;
    case QY_MANIFEST_GRANT_KIND_SESSION:
        return grant->name[0] != 0 &&
               (grant->entry == QY_MANIFEST_NONE || grant->entry < entry_count);
    case QY_MANIFEST_GRANT_KIND_VIEW:
        return grant->name[0] != 0 && grant->entry < entry_count;
    case QY_MANIFEST_GRANT_KIND_JOB:
        return grant->name[0] != 0;
    case QY_MANIFEST_GRANT_KIND_PHYSICAL: /* the kernel looks at its range */
    case QY_MANIFEST_GRANT_KIND_RESOURCE: /* and takes no rights that it does not know */
    case QY_MANIFEST_GRANT_KIND_FRAMEBUFFER:
    case QY_MANIFEST_GRANT_KIND_ACPI:
    case QY_MANIFEST_GRANT_KIND_ARCHIVE:
    case QY_MANIFEST_GRANT_KIND_NAMES:
    case QY_MANIFEST_GRANT_KIND_EXCEPTIONS:
        return true;
    default:
        return false;
    }
}

/* What is wrong with an entry, or NULL. */
static const char *entry_fault(const struct qy_manifest_entry *entry, uint32_t index,
                               uint32_t entry_count)
{
    if (!qy_manifest_entry_valid(entry) || entry->name[0] == 0) {
        return "an entry is not what its interface says";
    }
    if (entry->serves_count > ELEMENTS(entry->serves) ||
        entry->needs_count > ELEMENTS(entry->needs) ||
        entry->binds_count > ELEMENTS(entry->binds) ||
        entry->grants_count > ELEMENTS(entry->grants) || !arguments_valid(entry)) {
        return "an entry counts more than it has";
    }
    for (uint32_t i = 0; i < entry->grants_count; i++) {
        if (!grant_valid(&entry->grants[i], entry_count)) {
            return "an entry is granted what there is not";
        }
    }
    if ((entry->after >> index) != 0) {
        return "an entry is to be started after one that comes later";
    }
    if (entry->tokens == 0 || entry->tokens > 65536) {
        return "an entry has a port of no size";
    }
    return entry->delay_min_ns > entry->delay_max_ns || entry->delay_max_ns > INT64_MAX / 2 ||
                   entry->window_ns > INT64_MAX / 2 || entry->stop_ns > INT64_MAX / 2
               ? "an entry has times out of range"
               : NULL;
}

static bool is_twice(const struct qy_manifest *manifest, uint32_t index)
{
    struct qy_manifest before = {manifest->entries, index};
    const struct qy_manifest_entry *entry = &manifest->entries[index];
    bool found = qy_manifest_find(&before, entry->name) >= 0;
    for (uint32_t i = 0; i < entry->serves_count; i++) {
        found = found || qy_manifest_find_served(&before, entry->serves[i].name) >= 0;
    }
    return found;
}

static const char *fault_find(const void *bytes, size_t size_bytes,
                              struct qy_manifest *ret_manifest)
{
    const struct qy_manifest_head *head = bytes;
    if (size_bytes < sizeof *head || (uintptr_t)bytes % _Alignof(uint64_t) != 0) {
        return "it is shorter than its head";
    }
    if (head->magic != QY_MANIFEST_MAGIC || head->version != QY_MANIFEST_VERSION ||
        head->entry_bytes != sizeof(struct qy_manifest_entry)) {
        return "it is none, or of another version";
    }
    if (head->entry_count > QY_MANIFEST_ENTRIES_MAX ||
        head->entry_count * sizeof(struct qy_manifest_entry) > size_bytes - sizeof *head) {
        return "it is shorter than its entries";
    }
    struct qy_manifest manifest = {(const void *)(head + 1), head->entry_count};
    if (qy_crc32(0, manifest.entries, manifest.count * sizeof *manifest.entries) !=
        head->checksum) {
        return "its checksum is wrong";
    }
    for (uint32_t i = 0; i < manifest.count; i++) {
        const char *fault = entry_fault(&manifest.entries[i], i, manifest.count);
        if (fault == NULL && is_twice(&manifest, i)) {
            fault = "a name is there twice";
        }
        if (fault != NULL) {
            return fault;
        }
    }
    *ret_manifest = manifest;
    return NULL;
}

int qy_manifest_read(const void *bytes, size_t size_bytes, struct qy_manifest *ret_manifest,
                     const char **ret_reason)
{
    const char *fault = fault_find(bytes, size_bytes, ret_manifest);
    if (fault != NULL && ret_reason != NULL) {
        *ret_reason = fault;
    }
    return fault != NULL ? -EINVAL : 0;
}

int qy_manifest_find(const struct qy_manifest *manifest, const char *name)
{
    for (uint32_t i = 0; i < manifest->count; i++) {
        if (qy_streq(manifest->entries[i].name, name)) {
            return (int)i;
        }
    }
    return -ENOENT;
}

static bool serves(const struct qy_manifest_entry *entry, const char *name)
{
    for (uint32_t i = 0; i < entry->serves_count; i++) {
        if (qy_streq(entry->serves[i].name, name)) {
            return true;
        }
    }
    return false;
}

int qy_manifest_find_served(const struct qy_manifest *manifest, const char *name)
{
    for (uint32_t i = 0; i < manifest->count; i++) {
        if (serves(&manifest->entries[i], name)) {
            return (int)i;
        }
    }
    return -ENOENT;
}

bool qy_manifest_lists(const struct qy_manifest_need *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (qy_streq(names[i].name, name) || qy_streq(names[i].name, "*")) {
            return true;
        }
    }
    return false;
}

bool qy_manifest_may_connect(const struct qy_manifest_entry *entry, const char *name)
{
    return qy_manifest_lists(entry->needs, entry->needs_count, name);
}

bool qy_manifest_may_bind(const struct qy_manifest_entry *entry, const char *name)
{
    return serves(entry, name) || qy_manifest_lists(entry->binds, entry->binds_count, name);
}

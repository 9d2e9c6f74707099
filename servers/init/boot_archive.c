/* SPDX-License-Identifier: MIT */
#include "boot_archive.h"
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/text.h>

static struct {
    const void *archive;
} boot_archive_state;

int boot_archive_open(void)
{
    handle_t memory = qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL);
    size_t size_bytes = qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL);
    size_t mapped_bytes = (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    void *archive;
    int error = qy_memory_map(memory, 0, mapped_bytes, MAP_READ, &archive);
    if (error < 0) {
        qy_log("cannot map the boot archive: %s", qy_error_text(error));
        return error;
    }
    const char *reason = "";
    error = qy_archive_check(archive, size_bytes, &reason);
    if (error < 0) {
        qy_log("the boot archive is not sound: %s", reason);
        return error;
    }
    boot_archive_state.archive = archive;
    return 0;
}

int boot_archive_find(const char *name, const void **ret_bytes, size_t *ret_size_bytes)
{
    const struct archive_entry *entry = qy_archive_find(boot_archive_state.archive, name);
    if (entry == NULL) {
        return -ENOENT;
    }
    *ret_bytes = (const uint8_t *)boot_archive_state.archive + entry->offset_bytes;
    *ret_size_bytes = entry->size_bytes;
    return 0;
}

const char *boot_archive_name(uint32_t index)
{
    const struct archive_entry *entry = qy_archive_entry(boot_archive_state.archive, index);
    return entry != NULL ? entry->name : NULL;
}

/* SPDX-License-Identifier: MIT */
#include "self_spawn.h"
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/text.h>

static struct {
    const void *image;
    size_t image_bytes;
} self_state;

static int image_open(void)
{
    size_t size_bytes = qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL);
    void *archive;
    int error = qy_memory_map(qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), 0,
                              (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), MAP_READ, &archive);
    if (error == 0) {
        error = qy_archive_check(archive, size_bytes, NULL);
    }
    if (error < 0) {
        return error;
    }
    const struct archive_entry *entry = qy_archive_find(archive, "init");
    if (entry == NULL) {
        return -ENOENT;
    }
    self_state.image = (const uint8_t *)archive + entry->offset_bytes;
    self_state.image_bytes = entry->size_bytes;
    return 0;
}

int self_spawn(const char *role, uint64_t number, handle_t job,
               const struct qy_spawn_handle *handles, uint32_t handle_count, handle_t *ret_process)
{
    if (self_state.image == NULL) {
        int error = image_open();
        if (error < 0) {
            return error;
        }
    }
    struct qy_spawn_handle all[SELF_HANDLES_MAX + 1];
    if (handle_count > SELF_HANDLES_MAX) {
        return -E2BIG;
    }
    all[0] = (struct qy_spawn_handle){job, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_JOB, 0, NULL};
    for (uint32_t i = 0; i < handle_count; i++) {
        all[i + 1] = handles[i];
    }
    char number_text[24];
    (void)qy_snprintf(number_text, sizeof number_text, "%lu", number); /* fits */
    const char *arguments[] = {"child", role, number_text};
    const struct qy_spawn spawn = {
        .job = job,
        .name = role,
        .image = self_state.image,
        .image_bytes = self_state.image_bytes,
        .argument_count = 3,
        .arguments = arguments,
        .handle_count = handle_count + 1,
        .handles = all,
    };
    return qy_spawn(&spawn, ret_process);
}

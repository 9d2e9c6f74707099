/* SPDX-License-Identifier: MIT */
/* The boot archive, read-only. */
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/text.h>
#include <quay/wall.h>
#include "archive_tree.h"
#include "volume.h"

#define QUAY_BOOT_MAGIC 0x31304259ul
#define DEVICE          0x10ul
#define NODES_MAX       4096u
#define NODES_BYTES     (2 * 1024 * 1024ul)

int main(int argument_count, char **arguments)
{
    handle_t memory = qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL);
    uint64_t size = qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL);
    const char *reason;
    void *archive;
    uint32_t skipped;
    (void)argument_count, (void)arguments;
    if (memory == HANDLE_INVALID) {
        qy_log("no boot archive was given");
        return 1;
    }
    int error =
        qy_memory_map(memory, 0, (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), MAP_READ, &archive);
    if (error < 0 || qy_archive_check(archive, size, &reason) < 0) {
        qy_log("the boot archive: %s", error < 0 ? qy_error_text(error) : reason);
        return 1;
    }
    volume = (struct volume){.type = "boot", .magic = QUAY_BOOT_MAGIC, .device = DEVICE};
    error = tree_init(&volume.tree, NODES_BYTES, NODES_MAX, qy_wall_now);
    if (error == 0) {
        error = archive_tree_fill(&volume.tree, archive, memory, &skipped);
    }
    if (error != 0) {
        qy_log("no memory");
        return 1;
    }
    if (skipped > 0) {
        qy_log("%u names of the boot archive are no paths", skipped);
    }
    struct qy_server server = {
        .dispatch = volume_dispatch,
        .session_closed = volume_session_closed,
        .cancelled = volume_cancelled,
        .cancel_requested = volume_cancel_requested,
    };
    return qy_server_main(&server, "fs.boot");
}
